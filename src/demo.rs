//! `sereno demo`: the whole product in half a minute, on this machine alone.
//!
//! A real server over a fresh data directory, real receivers for every channel, and a restaurant
//! whose calendar runs fast. What is printed is what arrived over the sockets, not what was meant to.

mod expected;
mod report;
mod story;
mod timeline;
mod world;

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use clap::Args;
use sereno_actors::vault;

use self::timeline::Timeline;
use self::world::World;
use crate::client::Client;
use crate::config::Config;
use crate::scratch::Scratch;
use crate::server::{self, Server};

/// The flags of `sereno demo`.
#[derive(Debug, Args)]
pub struct DemoArgs {
    /// End after the story: exit code 0 if everything arrived, signed and once; 1 otherwise
    #[arg(long)]
    once: bool,
}

/// Tells the story; with `--once` it ends there, otherwise the server stays up until Ctrl-C.
pub async fn run(args: DemoArgs) -> anyhow::Result<ExitCode> {
    let mut asked_to_stop = Box::pin(server::asked_to_stop()?);
    let directory = Scratch::new("demo")?;
    let world = World::start().await?;
    let config = Config {
        listen: crate::receiver::any_port(),
        data: directory.path.clone(),
        allow_private_targets: vec!["127.0.0.0/8".to_owned()],
        // Made here, since the data lives no longer than the demo and needs no warning about its key.
        master_key: Some(vault::generate_key()),
        graph_url: world.graph.url().parse().context("the receiver's address is no URL")?,
        ..Config::default()
    };
    let server = Server::start(config).await?;
    let base = format!("http://{}", server.address());
    let token = server.credentials().admin_token.clone().unwrap_or_default();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let serving = tokio::spawn(server.serve(async {
        // Dropping the sender stops the server as well.
        drop(stopped.await);
    }));

    let timeline = Arc::new(Timeline::start());
    let watching = timeline.watch(&world);
    let client = Client::new(&base, &token);
    let told = tokio::select! {
        told = story::tell(&client, &world, &timeline) => Some(told),
        () = &mut asked_to_stop => None,
    };
    watching.abort();
    if let Some(Ok(report)) = &told {
        timeline.summary(report);
        if !args.once {
            timeline.note(&format!("\nthe server stays up at {base} · Ctrl-C ends"));
            timeline.note(&format!(
                "look around: curl -H 'Authorization: Bearer {token}' -H 'X-Tenant: la-trattoria' \
                 '{base}/api/v1/events?limit=5'"
            ));
            asked_to_stop.await;
        }
    }
    drop(stop);
    serving.await.context("the server's task ended badly")??;
    let good = told.transpose()?.is_some_and(|report| report.all_good());
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
