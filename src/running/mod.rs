//! The commands. Each reads its inputs, walks through the floors below and says what came of it; `main` only dispatches.

pub mod report;

pub mod progress;

pub mod timings;

pub mod pipeline;

pub mod amend;

pub mod build;

pub mod external;

pub mod budgets;

pub mod check;

pub mod clean;

pub mod diagrams;

pub mod new;

pub mod list;

pub mod explain;

pub mod import;

pub mod lint;

pub mod publish;

pub mod shown;

pub mod range;

pub mod http;

pub mod watcher;

pub mod serve;

mod environment;

mod arguments;

pub mod cli;
