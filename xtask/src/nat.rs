//! `ci nat`: two hosts behind routers reach each other, in network namespaces.

use std::process::{Command, Stdio};

use crate::ci::{Done, finish};
use crate::report::{Failure, Outcome, say};
use crate::workspace::Workspace;

const WORLD: &str = include_str!("nat.sh");
const STORIES: [&str; 3] = ["direct", "relayed", "cut"];
// Whatever runs in it ends with it.
const OWN_NETWORK: [&str; 7] =
    ["--user", "--map-root-user", "--net", "--mount", "--pid", "--fork", "--kill-child"];

/// Runs every story in a network of its own; skipped where there can be none.
pub(crate) fn run(workspace: &Workspace) -> Outcome<Done> {
    if let Some(why) = missing() {
        return Ok(Done::Skipped(why));
    }
    finish(workspace.cargo(&["build", "--package=status-p2p", "--example=nat"]))?;
    let program = workspace.path(workspace.target()?).join("debug/examples/nat");
    for story in STORIES {
        let mut world = Command::new("unshare");
        world.args(OWN_NETWORK).args(["bash", "-c", WORLD, "nat"]).arg(&program).arg(story);
        let status = world.status().map_err(|e| Failure::while_doing(format!("playing {story}"), e))?;
        if !status.success() {
            return Err(Failure::new(format!("nat: {story} went wrong")));
        }
        say!("  {story}: ok");
    }
    Ok(Done::Passed)
}

/// Why there can be no network namespaces with routers here.
fn missing() -> Option<&'static str> {
    let works = |script: &str| {
        let mut try_it = Command::new("unshare");
        try_it.args(OWN_NETWORK).args(["sh", "-c", script]).stdout(Stdio::null()).stderr(Stdio::null());
        try_it.status().is_ok_and(|status| status.success())
    };
    let checks = [
        ("true", "network namespaces are not permitted here"),
        ("ip link add name one type veth peer name two", "ip (iproute2) makes no links here"),
        ("nft add table ip probe", "nft (nftables) is not there or not permitted"),
    ];
    checks.into_iter().find(|(script, _)| !works(script)).map(|(_, why)| why)
}
