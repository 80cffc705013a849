//! Our node and our clients with peers that others wrote. Each of them has a module: without what it needs, its tests can be
//! left out.

mod go;
mod js;
mod support;
