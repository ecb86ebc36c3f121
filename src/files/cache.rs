//! What genblog remembers between two builds, under `.genblog/`.
