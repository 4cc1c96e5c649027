//! README.md has every option of the server.

use std::process::Command;

use crate::server::program;

#[test]
fn every_option_of_the_server_is_in_the_readme() {
    let readme = include_str!("../../README.md");
    let help = Command::new(program()).args(["serve", "--help"]).output();
    let help = String::from_utf8(help.expect("it runs").stdout).expect("it is text");
    let lines = help.lines().map(str::trim_start);
    let options = lines.filter_map(|line| line.strip_prefix("--")?.split([' ', '=', '[']).next());
    let options: Vec<_> = options.collect();
    assert!(options.len() > 30, "{help}");
    for option in options {
        let is_there = ["`", " "].map(|end| readme.contains(&format!("`--{option}{end}")));
        assert!(is_there.contains(&true), "--{option}");
    }
}
