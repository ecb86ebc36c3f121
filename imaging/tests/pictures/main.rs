//! Files that the tests make, through every function of the package, and looked at with other decoders.

mod camera;
mod colours;
mod common;
mod damage;
mod looks;
mod natures;
mod quality;
mod sizes;
mod turns;
