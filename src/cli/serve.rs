//! `limpid serve`: the proxy.

use clap::Args;

use super::failure::Failure;
use super::{Context, keyring};

/// Run the proxy
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  limpid serve                                         the built-in demo, if there are no settings yet\n  limpid serve --config /etc/limpid/limpid.toml\n  limpid serve --set server.listen=127.0.0.1:9000"
)]
pub(super) struct Serve {}

impl Serve {
    pub(super) fn run(&self, context: &Context) -> Result<(), Failure> {
        let Self {} = self;
        let settings = context.settings()?;
        let _options = settings.app(keyring::of_server(&settings, context)?.into());
        Err(Failure::Failed("the server is not built yet".to_owned()))
    }
}
