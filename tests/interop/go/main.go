// A peer made of go-libp2p, the library under go-waku, driven by JSON lines: it says on stdout what happens to it and
// does what stdin asks for. It ends with stdin.
//
// It speaks what go-libp2p itself speaks (TCP, TLS or Noise, yamux, identify, ping), and the metadata protocol with
// the manners of go-waku: it asks on every connection, keeps its half of the stream open until it has the answer, and
// disconnects whoever does not answer or belongs to another cluster. It does not gossip.
package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/event"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/p2p/protocol/ping"
)

const (
	metadata = "/vac/waku/metadata/1.0.0"
	cluster  = 16
	shard    = 32
	patience = 10 * time.Second
	maxFrame = 16 * 1024
)

// A line of stdin.
type order struct {
	Do      string `json:"do"`
	Address string `json:"address"`
	Peer    string `json:"peer"`
}

// Fields of a line of stdout.
type fields map[string]any

var stdout sync.Mutex

func say(kind string, rest fields) {
	rest["kind"] = kind
	line, err := json.Marshal(rest)
	if err != nil {
		panic(err)
	}
	stdout.Lock()
	defer stdout.Unlock()
	fmt.Println(string(line))
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	key, _, err := crypto.GenerateKeyPair(crypto.Secp256k1, 0)
	if err != nil {
		return err
	}
	node, err := libp2p.New(libp2p.Identity(key), libp2p.ListenAddrStrings("/ip4/127.0.0.1/tcp/0"))
	if err != nil {
		return err
	}
	defer node.Close()
	node.SetStreamHandler(metadata, answer)
	node.Network().Notify(&network.NotifyBundle{
		ConnectedF: func(_ network.Network, conn network.Conn) {
			say("connected", fields{
				"peer": conn.RemotePeer().String(), "security": conn.ConnState().Security,
				"muxer": conn.ConnState().StreamMultiplexer,
			})
			go check(node, conn)
		},
		DisconnectedF: func(_ network.Network, conn network.Conn) {
			say("disconnected", fields{"peer": conn.RemotePeer().String()})
		},
	})
	identified, err := node.EventBus().Subscribe(new(event.EvtPeerIdentificationCompleted))
	if err != nil {
		return err
	}
	go func() {
		for one := range identified.Out() {
			who := one.(event.EvtPeerIdentificationCompleted)
			say("identified", fields{"peer": who.Peer.String(), "agent": who.AgentVersion, "protocols": who.Protocols})
		}
	}()
	addresses := []string{}
	for _, address := range node.Addrs() {
		addresses = append(addresses, fmt.Sprintf("%s/p2p/%s", address, node.ID()))
	}
	say("listening", fields{"name": node.ID().String(), "addresses": addresses})
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var order order
		if err := json.Unmarshal(lines.Bytes(), &order); err != nil {
			return err
		}
		if err := obey(node, order); err != nil {
			say("failed", fields{"order": order.Do, "error": err.Error()})
		}
	}
	return lines.Err()
}

func obey(node host.Host, order order) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	switch order.Do {
	case "dial":
		info, err := peer.AddrInfoFromString(order.Address)
		if err != nil {
			return err
		}
		return node.Connect(ctx, *info)
	case "ping":
		who, err := peer.Decode(order.Peer)
		if err != nil {
			return err
		}
		result := <-ping.Ping(ctx, node, who)
		if result.Error == nil {
			say("ping", fields{"peer": order.Peer, "ms": result.RTT.Milliseconds()})
		}
		return result.Error
	case "state":
		peers := []fields{}
		for _, who := range node.Network().Peers() {
			peers = append(peers, fields{"name": who.String()})
		}
		say("state", fields{"peers": peers})
		return nil
	default:
		return errors.New("no such order")
	}
}

// Asks whoever is connected, and parts with those of another cluster.
func check(node host.Host, conn network.Conn) {
	who := conn.RemotePeer()
	theirs, shards, err := ask(node, who)
	if err != nil {
		say("metadata", fields{"peer": who.String(), "error": err.Error()})
	} else {
		say("metadata", fields{"peer": who.String(), "cluster": theirs, "shards": shards})
	}
	if err != nil || theirs != cluster {
		_ = node.Network().ClosePeer(who)
	}
}

func ask(node host.Host, who peer.ID) (uint64, []uint64, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	stream, err := node.NewStream(ctx, who, metadata)
	if err != nil {
		return 0, nil, err
	}
	defer stream.Close()
	_ = stream.SetDeadline(time.Now().Add(patience))
	if _, err := stream.Write(ours()); err != nil {
		return 0, nil, err
	}
	frame, err := read(stream)
	if err != nil {
		return 0, nil, err
	}
	return parse(frame)
}

func answer(stream network.Stream) {
	defer stream.Close()
	_ = stream.SetDeadline(time.Now().Add(patience))
	if _, err := read(stream); err != nil {
		_ = stream.Reset()
		return
	}
	_, _ = stream.Write(ours())
}

// Our cluster (field 1) and the one shard that we carry (field 3, packed), with the length before them.
func ours() []byte {
	frame := []byte{1<<3 | 0, cluster, 3<<3 | 2, 1, shard}
	return append(binary.AppendUvarint(nil, uint64(len(frame))), frame...)
}

func read(stream io.Reader) ([]byte, error) {
	reader := bufio.NewReader(stream)
	length, err := binary.ReadUvarint(reader)
	if err != nil {
		return nil, err
	}
	if length > maxFrame {
		return nil, errors.New("the frame is too large")
	}
	frame := make([]byte, length)
	_, err = io.ReadFull(reader, frame)
	return frame, err
}

// Reads field 1, and field 3 in its packed form.
func parse(frame []byte) (uint64, []uint64, error) {
	var theirs uint64
	shards := []uint64{}
	for len(frame) > 0 {
		tag, value, rest, err := field(frame)
		if err != nil {
			return 0, nil, err
		}
		frame = rest
		switch tag {
		case 1 << 3:
			theirs, _ = binary.Uvarint(value)
		case 3<<3 | 2:
			for len(value) > 0 {
				shard, size := binary.Uvarint(value)
				if size <= 0 {
					return 0, nil, errors.New("a shard is cut off")
				}
				shards, value = append(shards, shard), value[size:]
			}
		}
	}
	return theirs, shards, nil
}

// The first field: its tag, its bytes and what is behind it. Only numbers and byte strings are known.
func field(frame []byte) (tag uint64, value, rest []byte, err error) {
	tag, size := binary.Uvarint(frame)
	if size <= 0 {
		return 0, nil, nil, errors.New("a tag is cut off")
	}
	frame = frame[size:]
	number, size := binary.Uvarint(frame)
	switch {
	case size <= 0:
		return 0, nil, nil, errors.New("a number is cut off")
	case tag&7 == 0:
		return tag, frame[:size], frame[size:], nil
	case tag&7 == 2 && number <= uint64(len(frame)-size):
		end := size + int(number)
		return tag, frame[size:end], frame[end:], nil
	default:
		return 0, nil, nil, errors.New("a field is of an unknown form")
	}
}
