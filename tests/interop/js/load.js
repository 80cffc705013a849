// A relay node of js-waku that publishes on a schedule and says how long messages of others were under way. It is used the
// way an application uses js-waku. `node load.js <address>...` dials each of them; orders are JSON lines on stdin.

import { noise } from "@chainsafe/libp2p-noise";
import { yamux } from "@chainsafe/libp2p-yamux";
import { identify } from "@libp2p/identify";
import { createSecp256k1PeerId } from "@libp2p/peer-id-factory";
import { ping } from "@libp2p/ping";
import { tcp } from "@libp2p/tcp";
import { multiaddr } from "@multiformats/multiaddr";
import { createDecoder, createEncoder, wakuMetadata } from "@waku/core";
import { wakuGossipSub, wakuRelay } from "@waku/relay";
import { createLibp2p } from "libp2p";
import { createInterface } from "node:readline";

Promise.withResolvers ??= function withResolvers() {
  const made = {};
  made.promise = new this((resolve, reject) => Object.assign(made, { resolve, reject }));
  return made;
};

const TOPIC = "/waku/2/rs/16/32";
const CONTENT = "/waku/1/0x01020304/rfc26";
// Bytes of a message, and of what it says: phase, publisher, number, time.
const SIZE = 1024;
const HEAD = 16;

const say = (kind, rest) => process.stdout.write(`${JSON.stringify({ kind, ...rest })}\n`);
const now = () => process.hrtime.bigint();

const node = await createLibp2p({
  peerId: await createSecp256k1PeerId(),
  addresses: { listen: ["/ip4/127.0.0.1/tcp/0"] },
  transports: [tcp()],
  connectionEncryption: [noise()],
  streamMuxers: [yamux()],
  // On a busy machine the usual two seconds for a handshake are too few.
  connectionManager: { maxConnections: 300, inboundConnectionThreshold: 100, inboundUpgradeTimeout: 30_000 },
  services: {
    identify: identify(),
    ping: ping(),
    metadata: wakuMetadata([TOPIC]),
    // The mesh of deployed Go nodes, as in the other program.
    pubsub: wakuGossipSub({
      allowPublishToZeroTopicPeers: true,
      D: 4,
      Dlo: 4,
      Dhi: 8,
      Dout: 2,
      Dlazy: 4,
      mcacheLength: 6,
      seenTTL: 120_000,
      // Everybody has the same address here, which is no fault.
      scoreParams: { IPColocationFactorWeight: 0 },
    }),
  },
});
const relay = wakuRelay([TOPIC])(node);
const encoder = createEncoder({ contentTopic: CONTENT, pubsubTopicShardInfo: TOPIC });

let number = 0;
let phase = 0;
let sent = 0;
let unsent = 0;
let heard = [];

relay.subscribeWithUnsubscribe(createDecoder(CONTENT, TOPIC), ({ payload }) => {
  const arrived = now();
  const head = Buffer.from(payload.buffer, payload.byteOffset, HEAD);
  if (head.readUInt16BE(0) === phase && head.readUInt16BE(2) !== number) {
    heard.push(Number(arrived - head.readBigUInt64BE(8)) / 1000);
  }
});

async function publish() {
  const payload = Buffer.alloc(SIZE);
  payload.writeUInt16BE(phase, 0);
  payload.writeUInt16BE(number, 2);
  payload.writeUInt32BE(sent, 4);
  payload.writeBigUInt64BE(now(), 8);
  const count = sent++;
  const { successes } = await relay.send(encoder, { payload });
  if (successes.length === 0) unsent++;
  return count;
}

const orders = {
  // So many messages, one each `every` microseconds, the first after `wait`.
  async load(order) {
    ({ phase, number } = order);
    sent = unsent = 0;
    heard = [];
    const begun = Number(now()) / 1000 + order.wait;
    let due = 0;
    const turn = () => {
      const at = Number(now()) / 1000;
      while (due < order.count && begun + due * order.every <= at) {
        due++;
        publish().catch((error) => say("failed", { error: String(error) }));
      }
      if (due < order.count) setTimeout(turn, Math.max(0, (begun + due * order.every - Number(now()) / 1000) / 1000));
    };
    turn();
  },

  async report() {
    say("report", { sent, unsent, heard: heard.map(Math.round) });
  },

  async state() {
    say("state", { connected: node.getPeers().length, mesh: node.services.pubsub.getMeshPeers(TOPIC).length });
  },
};

/** Dials until it stands, as the other program does. */
async function connect(address) {
  for (;;) {
    try {
      return await node.dial(multiaddr(address));
    } catch (error) {
      say("failed", { order: "dial", error: String(error) });
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }
}

for (const address of process.argv.slice(2)) await connect(address);
say("listening", { name: node.peerId.toString(), addresses: node.getMultiaddrs().map(String) });
for await (const line of createInterface({ input: process.stdin })) {
  const order = JSON.parse(line);
  await orders[order.do](order).catch((error) => say("failed", { order: order.do, error: String(error) }));
}
process.exit(0);
