// A relay node of js-waku on the Status cluster, driven by JSON lines: it says on stdout what happens to it, and does
// what stdin asks for. It ends with stdin.

import { noise } from "@chainsafe/libp2p-noise";
import { yamux } from "@chainsafe/libp2p-yamux";
import { identify } from "@libp2p/identify";
import { createSecp256k1PeerId } from "@libp2p/peer-id-factory";
import { ping } from "@libp2p/ping";
import { tcp } from "@libp2p/tcp";
import { multiaddr } from "@multiformats/multiaddr";
import { FilterCore, LightPushCore, StoreCore, createEncoder, wakuMetadata } from "@waku/core";
import { decryptAsymmetric, encryptAsymmetric, postCipher, preCipher } from "@waku/message-encryption/ecies";
import { decryptSymmetric, encryptSymmetric } from "@waku/message-encryption/symmetric";
import { messageHash } from "@waku/message-hash";
import { proto_message as proto } from "@waku/proto";
import { wakuGossipSub, wakuRelay } from "@waku/relay";
import { createLibp2p } from "libp2p";
import { createInterface } from "node:readline";

// Libraries of libp2p ask for this, which Node has from version 22 on.
Promise.withResolvers ??= function withResolvers() {
  const made = {};
  made.promise = new this((resolve, reject) => Object.assign(made, { resolve, reject }));
  return made;
};

const CLUSTER = 16;
const SHARD = 32;
const TOPIC = `/waku/2/rs/${CLUSTER}/${SHARD}`;

const bytes = (text) => Uint8Array.from(Buffer.from(text, "hex"));
const hex = (bytes) => Buffer.from(bytes).toString("hex");
const say = (kind, rest) => process.stdout.write(`${JSON.stringify({ kind, ...rest })}\n`);

const node = await createLibp2p({
  peerId: await createSecp256k1PeerId(),
  addresses: { listen: ["/ip4/127.0.0.1/tcp/0"] },
  transports: [tcp()],
  connectionEncryption: [noise()],
  streamMuxers: [yamux()],
  services: {
    identify: identify(),
    ping: ping(),
    metadata: wakuMetadata([TOPIC]),
    pubsub: wakuGossipSub({ allowPublishToZeroTopicPeers: true }),
  },
});
const relay = wakuRelay([TOPIC])(node);
const gossip = node.services.pubsub;
const store = new StoreCore([TOPIC], node);
const light = new LightPushCore([TOPIC], node);
const filter = new FilterCore(
  async (pubsub_topic, message, from) => say("pushed", { peer: from, pubsub_topic, ...fields(pubsub_topic, message) }),
  [TOPIC],
  node,
);

/** What a message says, and its hash. */
function fields(pubsub_topic, message) {
  return {
    content_topic: message.contentTopic,
    payload: hex(message.payload),
    version: message.version ?? null,
    timestamp: message.timestamp?.toString() ?? null,
    meta: message.meta ? hex(message.meta) : null,
    ephemeral: message.ephemeral ?? null,
    hash: hex(messageHash(pubsub_topic, message)),
  };
}

node.addEventListener("peer:connect", ({ detail }) => say("connected", { peer: detail.toString() }));
node.addEventListener("peer:disconnect", ({ detail }) => say("disconnected", { peer: detail.toString() }));
node.addEventListener("peer:identify", ({ detail }) =>
  say("identified", {
    peer: detail.peerId.toString(),
    agent: detail.agentVersion,
    protocols: detail.protocols,
  }),
);
gossip.addEventListener("subscription-change", ({ detail }) =>
  say("subscribed", {
    peer: detail.peerId.toString(),
    topics: detail.subscriptions.filter(({ subscribe }) => subscribe).map(({ topic }) => topic),
  }),
);
gossip.addEventListener("gossipsub:message", ({ detail }) => {
  const message = proto.WakuMessage.decode(detail.msg.data);
  say("message", {
    peer: detail.propagationSource.toString(),
    pubsub_topic: detail.msg.topic,
    ...fields(detail.msg.topic, message),
  });
});

/** Whoever is connected, by the text of their name. */
function peer(name) {
  const found = node.getPeers().find((one) => one.toString() === name);
  if (!found) throw new Error(`${name} is not connected`);
  return found;
}

const orders = {
  async dial({ address }) {
    await node.dial(multiaddr(address));
  },

  // Every field as it is asked for, with js-waku's own codec.
  async publish({ payload, content_topic, version, timestamp, meta, ephemeral }) {
    const encoded = proto.WakuMessage.encode({
      payload: bytes(payload),
      contentTopic: content_topic,
      version: version ?? undefined,
      timestamp: timestamp == null ? undefined : BigInt(timestamp),
      meta: meta == null ? undefined : bytes(meta),
      ephemeral: ephemeral ?? undefined,
    });
    const { recipients } = await gossip.publish(TOPIC, encoded);
    say("published", { hash: hex(messageHash(TOPIC, proto.WakuMessage.decode(encoded))), to: recipients.length });
  },

  // The way of an application of js-waku: version 0, its time, its checks.
  async send({ payload, content_topic }) {
    const encoder = createEncoder({
      contentTopic: content_topic,
      pubsubTopicShardInfo: { clusterId: CLUSTER, shard: SHARD },
    });
    const { successes, failures } = await relay.send(encoder, { payload: bytes(payload) });
    say("sent", { to: successes.length, failures: failures.map(({ error }) => error) });
  },

  // An envelope, with a symmetric key or to a public key, signed or not.
  async seal({ payload, signer, key, reader }) {
    const plain = await preCipher(bytes(payload), signer ? bytes(signer) : undefined);
    const sealing = key ? encryptSymmetric(plain, bytes(key)) : encryptAsymmetric(plain, bytes(reader));
    say("sealed", { sealed: hex(await sealing) });
  },

  // Opens an envelope, with a symmetric key or a private one.
  async open({ sealed, key, secret }) {
    const envelope = bytes(sealed);
    const opening = key ? decryptSymmetric(envelope, bytes(key)) : decryptAsymmetric(envelope, bytes(secret));
    const { payload, sig } = postCipher(await opening);
    say("opened", { payload: hex(payload), signer: sig?.publicKey ? hex(sig.publicKey) : null });
  },

  async ping({ peer: name }) {
    say("ping", { peer: name, ms: await node.services.ping.ping(peer(name)) });
  },

  async metadata({ peer: name }) {
    const { shardInfo, error } = await node.services.metadata.query(peer(name));
    say("metadata", { peer: name, cluster: shardInfo?.clusterId ?? null, shards: shardInfo?.shards ?? null, error });
  },

  // All that a node keeps under a content topic, page by page.
  async history({ peer: name, content_topic, page, forward }) {
    const decoder = { fromProtoObj: async (pubsub_topic, message) => fields(pubsub_topic, message) };
    const query = {
      pubsubTopic: TOPIC,
      contentTopics: [content_topic],
      includeData: true,
      paginationForward: forward,
      paginationLimit: page,
    };
    const pages = [];
    for await (const one of store.queryPerPage(query, new Map([[content_topic, decoder]]), { id: peer(name) })) {
      pages.push(await Promise.all(one));
    }
    say("history", { pages });
  },

  async filter({ peer: name, content_topic, how }) {
    const to = { id: peer(name) };
    const done = {
      subscribe: () => filter.subscribe(TOPIC, to, [content_topic]),
      unsubscribe: () => filter.unsubscribe(TOPIC, to, [content_topic]),
      unsubscribe_all: () => filter.unsubscribeAll(TOPIC, to),
      ping: () => filter.ping(to),
    };
    const { success, failure } = await done[how]();
    say("filter", { how, done: success != null, error: failure?.error ?? null });
  },

  // Has another node gossip for it.
  async push({ peer: name, content_topic, payload }) {
    const encoder = createEncoder({
      contentTopic: content_topic,
      pubsubTopicShardInfo: { clusterId: CLUSTER, shard: SHARD },
    });
    const { success, failure } = await light.send(encoder, { payload: bytes(payload) }, { id: peer(name) });
    say("push", { done: success != null, error: failure?.error ?? null });
  },

  async state() {
    const mesh = new Set(gossip.getMeshPeers(TOPIC));
    const peers = node.getPeers().map((one) => one.toString());
    say("state", { peers: peers.map((name) => ({ name, score: gossip.score.score(name), mesh: mesh.has(name) })) });
  },
};

say("listening", { name: node.peerId.toString(), addresses: node.getMultiaddrs().map(String) });

for await (const line of createInterface({ input: process.stdin })) {
  const order = JSON.parse(line);
  // One order after the other, so that what is published keeps its order.
  await orders[order.do](order).catch((error) => say("failed", { order: order.do, error: String(error) }));
}
await node.stop();
process.exit(0);
