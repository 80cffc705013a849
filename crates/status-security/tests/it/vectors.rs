//! Every security vector of deployed peers.
