//! Options that stand in the environment: `GENBLOG_ROOT` and its like, which clap reads where an argument names one.
//!
//! A variable that is empty is as good as none, and a value that no option takes is told by the variable's name, since the user sees
//! no option on the line.

use std::env;
use std::ffi::OsString;

use clap::error::ErrorKind;
use clap::{Arg, ArgMatches, Command, Error};

/// Takes the command line apart, with what the environment adds to it.
pub(super) fn matches(command: &Command) -> Result<ArgMatches, Error> {
    let line: Vec<OsString> = env::args_os().collect();
    let with = |wanted: &dyn Fn(&str) -> bool| {
        let is_filled = |name: &str| env::var_os(name).is_some_and(|value| !value.is_empty());
        only(command.clone(), &|name| is_filled(name) && wanted(name)).try_get_matches_from(line.clone())
    };
    let all = with(&|_| true);
    let Err(error) = &all else { return all };
    // What is wrong without the environment is wrong with the line.
    if !matches!(error.kind(), ErrorKind::InvalidValue | ErrorKind::ValueValidation) || with(&|_| false).is_err() {
        return all;
    }
    let mut names = Vec::new();
    variables(command, &mut names);
    for name in names {
        if let Err(error) = with(&|other| other == name) {
            let text = error.to_string();
            let first = text.lines().next().unwrap_or_default();
            let message = first.strip_prefix("error: ").unwrap_or(first);
            let message = format!("the variable `{name}` of the environment: {message}");
            return Err(command.clone().error(error.kind(), message));
        }
    }
    all
}

/// The command without the variables that are not wanted.
fn only(command: Command, wanted: &dyn Fn(&str) -> bool) -> Command {
    let keep = |argument: Arg| {
        let name = argument.get_env().and_then(|name| name.to_str()).map(str::to_owned);
        // Help is the same everywhere.
        let argument = argument.hide_env_values(true);
        if name.is_some_and(|name| !wanted(&name)) { argument.env(None::<&'static str>) } else { argument }
    };
    command.mut_args(keep).mut_subcommands(|below| only(below, wanted))
}

/// The names of all variables that a command reads.
fn variables(command: &Command, names: &mut Vec<String>) {
    let of_command = command.get_arguments().filter_map(|argument| argument.get_env()?.to_str());
    for name in of_command {
        if !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    }
    command.get_subcommands().for_each(|below| variables(below, names));
}
