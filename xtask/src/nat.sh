# Two hosts, each behind a router, and one node in the open, all in network namespaces of their own.
# Called with the program that plays the nodes, inside `unshare --user --map-root-user --net --mount`.
#
#   hidden 10.1.0.2 ── router 203.0.113.1 ──┐
#                                           ├── 203.0.113.10 relay
#   visitor 10.2.0.2 ── router 203.0.113.2 ─┘
set -eu
program=$1
folder=$(mktemp -d)
mount -t tmpfs none /run
mkdir -p /run/netns

inside() { local name=$1; shift; nsenter --net="/run/netns/$name" "$@"; }

# Starts a node in the background; its process is the last one started.
start() { exec nsenter --net="/run/netns/$1" "$program" "${@:2}"; }

world() {
    for name in open hidden visitor router1 router2; do
        ip netns add "$name"
        inside "$name" ip link set lo up
    done
    ip link add net type bridge
    ip link set net up
    attach open 203.0.113.10/24
    attach router1 203.0.113.1/24
    attach router2 203.0.113.2/24
    home router1 hidden 10.1.0 "$1"
    home router2 visitor 10.2.0 "$1"
}

# A place in the public network.
attach() {
    ip link add "to-$1" type veth peer name wan netns "$1"
    ip link set "to-$1" master net up
    inside "$1" ip addr add "$2" dev wan
    inside "$1" ip link set wan up
}

# A router that lets out whatever its host begins, answers to that in, and nothing else; and the host behind it.
home() {
    local router=$1 host=$2 subnet=$3 mapping=$4
    ip link add lan netns "$router" type veth peer name eth netns "$host"
    inside "$router" ip addr add "$subnet.1/24" dev lan
    inside "$router" ip link set lan up
    inside "$host" ip addr add "$subnet.2/24" dev eth
    inside "$host" ip link set eth up
    inside "$host" ip route add default via "$subnet.1"
    inside "$router" sh -c 'echo 1 > /proc/sys/net/ipv4/ip_forward'
    inside "$router" nft -f - <<RULES
table ip nat {
    chain out { type nat hook postrouting priority 100; oifname "wan" masquerade $mapping; }
}
table ip guard {
    chain input { type filter hook input priority 0; iifname "wan" ct state new drop; }
    chain forward { type filter hook forward priority 0; iifname "wan" ct state new drop; }
}
RULES
}

gone() {
    kill $(jobs -p) 2>/dev/null || true
    wait 2>/dev/null || true
    for name in open hidden visitor router1 router2; do ip netns del "$name" 2>/dev/null || true; done
    ip link del net 2>/dev/null || true
}
trap 'gone; rm -rf "$folder"' EXIT

# Starts the three nodes; the visitor says what it sees into a file.
nodes() {
    start open relay > "$folder/relay" 2>&1 &
    relay=$!
    start hidden hidden > "$folder/hidden" 2>&1 &
    start visitor visitor "$1" > "$folder/visitor" 2>&1 &
    visitor=$!
}

# Waits until the visitor has said a word.
said() {
    for _ in $(seq 600); do
        grep -qx "$1" "$folder/visitor" && return
        kill -0 "$visitor" 2>/dev/null || break
        sleep 0.1
    done
    echo "never: $1"
    for name in relay hidden visitor; do echo "── $name"; cat "$folder/$name"; done
    exit 1
}

case "$2" in
direct)
    world ""
    nodes direct
    said talked
    said punched
    kill "$relay"
    said alone
    said "talked alone"
    ;;
relayed)
    # Every connection gets another port: nobody can tell where the next one will come from.
    world "random,fully-random"
    nodes relayed
    said talked
    said "talked long"
    ;;
cut)
    world "random,fully-random"
    nodes cut
    said talked
    inside visitor ip link set eth down
    said lost
    inside visitor ip link set eth up
    inside visitor ip route add default via 10.2.0.1
    said "talked again"
    ;;
esac
