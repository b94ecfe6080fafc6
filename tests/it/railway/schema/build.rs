//! What building a deployment writes.

use async_graphql::futures_util::{Stream, StreamExt};
use async_graphql::{Context, Object, Subscription};
use logwatch::time::{self, Time};

use super::super::world::{Shared, World, locked};
use super::metrics::DateTime;
use super::{Log, polls, world};

/// The lines of a build from a time on, with their places among all lines.
fn lines(world: &World, deployment: &str, from: Option<Time>) -> Vec<(usize, Time, Log)> {
    let (now, all) = (world.now(), world.builds.iter().enumerate());
    let own =
        all.filter(|(_, (of, time, _))| of == deployment && *time <= now && from.is_none_or(|from| *time >= from));
    let log = |time: &Time, says: &str| Log {
        timestamp: time.to_string(),
        message: says.into(),
        severity: Some("info".into()),
        attributes: Vec::new(),
        tags: None,
    };
    own.map(|(at, (_, time, says))| (at, *time, log(time, says))).collect()
}

fn is_building(world: &Shared, deployment: &str) -> bool {
    locked(world).deployments.iter().any(|known| known.id == deployment && known.status == "BUILDING")
}

#[derive(Default)]
pub struct Builds;

#[Object]
impl Builds {
    #[allow(clippy::too_many_arguments)]
    async fn build_logs(
        &self,
        context: &Context<'_>,
        deployment_id: String,
        filter: Option<String>,
        start_date: Option<DateTime>,
        end_date: Option<DateTime>,
        limit: Option<i32>,
    ) -> async_graphql::Result<Vec<Log>> {
        let _ = (filter, end_date);
        let from = start_date.and_then(|date| time::parse(date.0.as_bytes()));
        let found = lines(&locked(world(context)?), &deployment_id, from);
        Ok(found.into_iter().map(|(.., log)| log).take(limit.unwrap_or(100) as usize).collect())
    }
}

#[derive(Default)]
pub struct BuildLogs;

#[Subscription]
impl BuildLogs {
    /// All lines that there are, and then new ones; complete when it is built.
    async fn build_logs<'a>(
        &self,
        context: &'a Context<'_>,
        deployment_id: String,
        filter: Option<String>,
        limit: Option<i32>,
    ) -> async_graphql::Result<impl Stream<Item = Vec<Log>> + 'a> {
        let _ = filter;
        let world = world(context)?.clone();
        let (of, over) = (deployment_id.clone(), world.clone());
        let built = async move {
            while is_building(&over, &deployment_id) {
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
        };
        let looked = world.clone();
        let look = move |sent: &std::collections::HashSet<usize>| {
            let all = lines(&locked(&looked), &of, None);
            all.into_iter().filter(|(at, ..)| !sent.contains(at)).collect()
        };
        Ok(polls(world, "build", limit, look).take_until(Box::pin(built)))
    }
}
