//! What an output is made of, what an edit reaches, when posts come by themselves, and options in the environment: as a user asks.

mod site;

mod outputs;

mod edits;

mod due;

mod environment;
