//! The security layer as a whole: random histories beside a naive model, and every history within small bounds.
//!
//! Both run the production layer, `Sessions`, on stores in memory: several users on several devices, a network that
//! loses, repeats, reorders and holds back what it carries, people who forge, and devices that crash, are replaced,
//! lose their store or get an old copy of it back.

#[cfg(test)]
mod action;
#[cfg(test)]
mod check;
#[cfg(test)]
mod device;
#[cfg(test)]
mod forge;
#[cfg(test)]
mod heal;
#[cfg(test)]
mod histories;
#[cfg(test)]
mod model;
#[cfg(test)]
mod rest;
#[cfg(test)]
mod rules;
#[cfg(test)]
mod shape;
#[cfg(test)]
mod states;
#[cfg(test)]
mod world;
