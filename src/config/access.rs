//! The options of `datastored serve` that say who may call.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// Who may call.
#[derive(Args, Clone, Debug)]
pub struct AccessOptions {
    /// Whether callers must say who they are: by default they must if --access-file is given or the address is not a loopback one
    #[arg(long, env = "DATASTORED_REQUIRE_AUTHENTICATION", value_name = "true|false", num_args = 0..=1, require_equals = true,
        default_missing_value = "true")]
    pub require_authentication: Option<bool>,

    /// Let everybody who can reach the address do everything, also when that is not a loopback one
    #[arg(long, env = "DATASTORED_INSECURE_ANONYMOUS")]
    pub insecure_anonymous: bool,

    /// The rules for client certificates and JWTs, in TOML
    #[arg(long, env = "DATASTORED_ACCESS_FILE", value_name = "FILE")]
    pub access_file: Option<PathBuf>,

    /// The file of the tokens, which `datastored tokens` writes; `tokens.json` in the data folder when it is not given
    #[arg(long, env = "DATASTORED_TOKENS_FILE", value_name = "FILE")]
    pub tokens_file: Option<PathBuf>,

    /// Who may ask for health: everybody, or those who say who they are.
    #[arg(long, env = "DATASTORED_HEALTH", default_value = "open")]
    pub health: HealthAccess,

    /// Who may ask for the API's descriptors. While nobody must say who they are, everybody may, unless it is off.
    #[arg(long, env = "DATASTORED_REFLECTION", default_value = "authenticated")]
    pub reflection: ReflectionAccess,
}

/// Who may ask for health.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum HealthAccess {
    /// Everybody.
    Open,
    /// Who is known, with any access.
    Authenticated,
}

/// Who may ask for the API's descriptors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ReflectionAccess {
    /// Everybody.
    Open,
    /// Who is known, with any access.
    Authenticated,
    /// Nobody.
    Off,
}

impl AccessOptions {
    pub(super) fn requires_authentication(&self, listen: SocketAddr) -> bool {
        let by_default = self.access_file.is_some() || !listen.ip().is_loopback();
        self.require_authentication
            .unwrap_or(by_default && !self.insecure_anonymous)
    }

    pub(super) fn check(&self, listen: SocketAddr) -> Result<(), String> {
        let is_required = self.requires_authentication(listen);
        if is_required && self.insecure_anonymous {
            return Err(
                "--insecure-anonymous and --require-authentication say the opposite; give one"
                    .to_owned(),
            );
        }
        if !is_required && !listen.ip().is_loopback() && !self.insecure_anonymous {
            return Err(format!(
                "whoever can reach {listen} could do everything: leave --require-authentication=false out, or give --insecure-anonymous too"
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::config::{Cli, Command, Serve};
    use clap::Parser;

    fn serve(listen: &str, options: &[&str]) -> Box<Serve> {
        let arguments = [&["datastored", "serve"], options].concat();
        let Command::Serve(mut serve) = Cli::parse_from(arguments).command else {
            panic!("it is another command");
        };
        serve.listen = listen.parse().unwrap();
        serve
    }

    /// Whether these options of who may call go together.
    fn check(listen: &str, options: &[&str]) -> Result<(), String> {
        let serve = serve(listen, options);
        serve.access.check(serve.listen)
    }

    const LOOPBACK: &str = "127.0.0.1:1";
    const NETWORK: &str = "0.0.0.0:1";

    #[test]
    fn callers_must_say_who_they_are_where_others_than_this_machine_can_call_or_rules_are_given() {
        let file = ["--access-file", "a.toml"];
        let off = ["--require-authentication=false"];
        for (listen, options, is_required) in [
            (LOOPBACK, &[][..], false),
            ("[::1]:1", &[], false),
            (NETWORK, &[], true),
            ("[::]:1", &[], true),
            (LOOPBACK, &file, true),
            (LOOPBACK, &["--require-authentication"], true),
            (LOOPBACK, &["--require-authentication=true"], true),
            (LOOPBACK, &[file.as_slice(), &off].concat(), false),
            (NETWORK, &["--insecure-anonymous"], false),
            (
                NETWORK,
                &[&file[..], &["--insecure-anonymous"]].concat(),
                false,
            ),
        ] {
            let serve = serve(listen, options);
            assert_eq!(
                serve.requires_authentication(),
                is_required,
                "{listen} {options:?}"
            );
            assert_eq!(
                serve.access.check(serve.listen),
                Ok(()),
                "{listen} {options:?}"
            );
        }
    }

    #[test]
    fn a_network_is_not_served_to_everybody_by_mistake() {
        let refused = check(NETWORK, &["--require-authentication=false"]);
        let sentence = refused.unwrap_err();
        assert!(sentence.contains("--insecure-anonymous"), "{sentence}");
        let both = ["--require-authentication", "--insecure-anonymous"];
        let sentence = check(NETWORK, &both).unwrap_err();
        assert!(sentence.contains("give one"), "{sentence}");
    }
}
