// Writes the vectors of segmentation: what deployed peers make of a payload that is too large for one envelope, with the
// library that they use for parity (klauspost/reedsolomon). Usage, here: go run . > ../../../vectors/privacy/segments.json
//
// The rules of splitting are written down here anew; the parity is the library's.
package main

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"

	"github.com/klauspost/reedsolomon"
	"golang.org/x/crypto/sha3"
)

type object = map[string]any

// The most segments that the library combines.
const most = 256

func must(err error) {
	if err != nil {
		panic(err)
	}
}

// The first `size` bytes of a stream that follows from a seed.
func bytes(seed byte, size int) []byte {
	stream := sha3.NewShake128()
	_, err := stream.Write([]byte{seed})
	must(err)
	out := make([]byte, size)
	_, err = stream.Read(out)
	must(err)
	return out
}

func combine(data [][]byte, count int) [][]byte {
	encoder, err := reedsolomon.New(len(data), count)
	must(err)
	shards := append([][]byte{}, data...)
	size := len(data[0])
	for i, shard := range shards {
		shards[i] = append(append([]byte{}, shard...), make([]byte, size-len(shard))...)
	}
	for range count {
		shards = append(shards, make([]byte, size))
	}
	must(encoder.Encode(shards))
	ok, err := encoder.Verify(shards)
	must(err)
	if !ok {
		panic("parity does not verify")
	}
	return shards[len(data):]
}

func varint(out []byte, value uint64) []byte {
	for value >= 0x80 {
		out = append(out, byte(value)|0x80)
		value >>= 7
	}
	return append(out, byte(value))
}

func text(out []byte, field byte, value []byte) []byte {
	return append(varint(append(out, field<<3|2), uint64(len(value))), value...)
}

func number(out []byte, field byte, value int) []byte {
	if value == 0 {
		return out
	}
	return varint(append(out, field<<3), uint64(value))
}

func split(whole []byte, size int) []string {
	hash := sha3.NewLegacyKeccak256()
	hash.Write(whole)
	id := hash.Sum(nil)
	var data [][]byte
	for at := 0; at < len(whole); at += size {
		data = append(data, whole[at:min(at+size, len(whole))])
	}
	var out []string
	for index, piece := range data {
		bytes := text(nil, 1, id)
		bytes = number(bytes, 2, index)
		bytes = number(bytes, 3, len(data))
		out = append(out, hex.EncodeToString(text(bytes, 4, piece)))
	}
	count := len(data) / 8
	if count == 0 || len(data)+count > most {
		return out
	}
	for index, piece := range combine(data, count) {
		bytes := text(text(nil, 1, id), 4, piece)
		bytes = number(bytes, 5, index)
		out = append(out, hex.EncodeToString(number(bytes, 6, count)))
	}
	return out
}

func strings(shards [][]byte) []string {
	var out []string
	for _, shard := range shards {
		out = append(out, hex.EncodeToString(shard))
	}
	return out
}

func main() {
	var cases []object
	for _, shape := range [][3]int{{8, 1, 1}, {8, 1, 7}, {9, 1, 5}, {16, 2, 1}, {23, 2, 4}, {40, 5, 3}, {100, 12, 2}, {228, 28, 1}} {
		var data [][]byte
		for shard := range shape[0] {
			piece := bytes(byte(shard), shape[2])
			if shape[2] == 1 {
				piece = []byte{byte(shard)}
			}
			data = append(data, piece)
		}
		cases = append(cases, object{
			"name": fmt.Sprintf("%d from %d", shape[1], shape[0]), "kind": "parity",
			"data": strings(data), "parity": strings(combine(data, shape[1])),
		})
	}
	for i, shape := range [][2]int{{11, 10}, {20, 10}, {70, 10}, {71, 10}, {80, 10}, {75, 10}, {81, 10}, {159, 10}, {160, 10}, {301, 7}, {456, 2}, {460, 2}, {256, 1}} {
		whole := bytes(byte(100+i), shape[0])
		cases = append(cases, object{
			"name": fmt.Sprintf("%d by %d", shape[0], shape[1]), "kind": "split",
			"whole": hex.EncodeToString(whole), "size": shape[1], "segments": split(whole, shape[1]),
		})
	}
	out := json.NewEncoder(os.Stdout)
	out.SetIndent("", " ")
	must(out.Encode(object{
		"description": "Payloads that are too large for one envelope, as deployed peers split them",
		"produced_by": "klauspost/reedsolomon v1.12.1 for parity; splitting and SegmentMessage as status-go 10 does it",
		"format":      "segments-v1; segments are protobuf SegmentMessage, first the pieces, then the parity",
		"cases":       cases,
	}))
}
