//! What is to be watched: names and ids found among what the token can see.

mod names;

use serde::Deserialize;
use serde_json::json;

use super::budget::Purpose;
use super::client::Client;
use super::documents::{DEPLOYMENTS, ENVIRONMENT, PROJECT, PROJECT_TOKEN, PROJECTS};
use super::{Access, Error};
use crate::time::{self, Time};
use names::{agrees, is_id, one, services};

/// Something with an id and a name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Named {
    /// The API's id.
    pub id: String,
    /// What people call it.
    #[serde(default)]
    pub name: String,
}

/// A project, with its environments and services.
#[derive(Clone, Debug)]
pub struct Project {
    /// The project itself.
    pub own: Named,
    /// All it has.
    pub environments: Vec<Named>,
    /// All it has.
    pub services: Vec<Named>,
}

/// What was asked for, by name or id.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Name or id; what the token is for when left out.
    pub project: Option<String>,
    /// Name or id; what the token is for when left out.
    pub environment: Option<String>,
    /// The ids of project and environment that count where the token knows none, and no project is named.
    pub default: (Option<String>, Option<String>),
    /// None of them is all of the environment.
    pub services: Vec<String>,
    /// The service that this program runs as, by id: it would watch its own output.
    pub own_service: Option<String>,
}

/// What was found.
#[derive(Clone, Debug)]
pub struct Target {
    /// The project.
    pub project: Named,
    /// The environment.
    pub environment: Named,
    /// Those whose logs are followed.
    pub services: Vec<Named>,
}

/// A deployment, as the API tells of it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Deployment {
    /// The API's id.
    pub id: String,
    /// As the API calls it, such as `SUCCESS`.
    #[serde(default)]
    pub status: String,
    #[serde(default)]
    created_at: String,
    /// Whether the platform can return to it.
    #[serde(default)]
    pub can_rollback: bool,
    /// Whether all its instances were stopped.
    #[serde(default)]
    pub deployment_stopped: bool,
    #[serde(default)]
    status_updated_at: Option<String>,
    /// What the API tells beside: commit, branch, reason.
    #[serde(default)]
    pub meta: Option<serde_json::Value>,
}

impl Deployment {
    /// When it was asked for; its processes start once it is built.
    pub fn created(&self) -> Option<Time> {
        time::parse(self.created_at.as_bytes())
    }

    /// When its status changed, where that is told.
    pub fn changed(&self) -> Option<Time> {
        time::parse(self.status_updated_at.as_deref()?.as_bytes())
    }

    /// Its status; `stopped` of one that has succeeded and whose processes have ended since.
    pub fn stands(&self) -> &str {
        let is_gone = matches!(self.status.as_str(), "REMOVED" | "FAILED" | "SKIPPED");
        if self.deployment_stopped && !is_gone { "stopped" } else { &self.status }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Connection<T> {
    edges: Vec<Edge<T>>,
    #[serde(default)]
    page_info: Option<PageInfo>,
}

#[derive(Deserialize)]
struct Edge<T> {
    node: T,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PageInfo {
    #[serde(default)]
    has_next_page: bool,
    #[serde(default)]
    end_cursor: Option<String>,
}

impl<T> Connection<T> {
    fn nodes(self) -> impl Iterator<Item = T> {
        self.edges.into_iter().map(|edge| edge.node)
    }

    /// Where the next page begins.
    fn next(&self) -> Option<String> {
        self.page_info.as_ref().filter(|page| page.has_next_page)?.end_cursor.clone()
    }
}

#[derive(Deserialize)]
struct ProjectNode {
    id: String,
    #[serde(default)]
    name: String,
    environments: Connection<Named>,
    services: Connection<Named>,
}

impl From<ProjectNode> for Project {
    fn from(node: ProjectNode) -> Self {
        Project {
            own: Named { id: node.id, name: node.name },
            environments: node.environments.nodes().collect(),
            services: node.services.nodes().collect(),
        }
    }
}

/// A service in an environment.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Instance {
    pub service_id: String,
    #[serde(default)]
    service_name: String,
    #[serde(default)]
    active_deployments: Option<Vec<Deployment>>,
    #[serde(default)]
    latest_deployment: Option<Deployment>,
}

impl Instance {
    pub fn active(&self) -> &[Deployment] {
        self.active_deployments.as_deref().unwrap_or_default()
    }

    /// The one that was asked for last, which may not run yet or any more.
    pub fn latest(&self) -> Option<&Deployment> {
        self.latest_deployment.as_ref()
    }
}

/// The services of an environment, and its name.
pub async fn environment(
    client: &Client,
    id: &str,
    project: Option<&str>,
    purpose: Purpose,
) -> Result<(Named, Vec<Instance>), Error> {
    #[derive(Deserialize)]
    struct Data {
        environment: Node,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Node {
        id: String,
        #[serde(default)]
        name: String,
        service_instances: Connection<Instance>,
    }
    let data: Data = client.ask(ENVIRONMENT, json!({"id": id, "projectId": project}), purpose).await?;
    let Node { id, name, service_instances } = data.environment;
    Ok((Named { id, name }, service_instances.nodes().collect()))
}

/// The deployments of a service, newest first, at least so many where there are, up to the first one created before a time.
pub async fn deployments(
    client: &Client,
    target: &Target,
    service: &str,
    before: Option<Time>,
) -> Result<Vec<Deployment>, Error> {
    #[derive(Deserialize)]
    struct Data {
        deployments: Connection<Deployment>,
    }
    /// Pages of them; nobody deploys more often.
    const PAGES: usize = 10;
    let input = json!({"projectId": target.project.id, "environmentId": target.environment.id, "serviceId": service});
    let mut found: Vec<Deployment> = Vec::new();
    let mut after = None;
    for _ in 0..PAGES {
        let variables = json!({"input": input, "first": 20, "after": after});
        let data: Data = client.ask(DEPLOYMENTS, variables, Purpose::Needed).await?;
        after = data.deployments.next();
        found.extend(data.deployments.nodes());
        let reaches = before.is_none_or(|before| {
            found.iter().any(|deployment| deployment.created().is_some_and(|created| created < before))
        });
        if after.is_none() || reaches {
            break;
        }
    }
    found.sort_by_key(|deployment| std::cmp::Reverse(deployment.created()));
    Ok(found)
}

/// The projects that the token can see, with their environments and services. Of a project token it is one, with one environment.
pub async fn visible(client: &Client) -> Result<Vec<Project>, Error> {
    if client.token.access == Access::Project {
        let (project, environment) = of_token(client).await?;
        let (environment, instances) = self::environment(client, &environment, Some(&project), Purpose::Needed).await?;
        let services = instances.into_iter().map(named).collect();
        return Ok(vec![Project {
            own: project_by_id(client, &project).await,
            environments: vec![environment],
            services,
        }]);
    }
    #[derive(Deserialize)]
    struct Data {
        projects: Connection<ProjectNode>,
    }
    let mut projects = Vec::new();
    let mut after: Option<String> = None;
    loop {
        let data: Data = client.ask(PROJECTS, json!({"after": after}), Purpose::Needed).await?;
        let next = data.projects.next();
        projects.extend(data.projects.nodes().map(Project::from));
        if next.is_none() || next == after {
            return Ok(projects);
        }
        after = next;
    }
}

/// Finds what was asked for.
pub async fn find(client: &Client, wanted: &Wanted) -> Result<Target, Error> {
    let (project, environment, instances) = match client.token.access {
        Access::Project => {
            let (project, environment) = of_token(client).await?;
            let project = project_by_id(client, &project).await;
            let found = self::environment(client, &environment, Some(&project.id), Purpose::Needed).await?;
            agrees("project", wanted.project.as_deref(), &project)?;
            agrees("environment", wanted.environment.as_deref(), &found.0)?;
            (project, found.0, found.1)
        }
        Access::Account => {
            let own = wanted.default.0.as_deref().filter(|_| wanted.project.is_none());
            let own_environment = wanted.default.1.as_deref().filter(|_| own.is_some());
            let project = project(client, wanted.project.as_deref().or(own)).await?;
            let environment = wanted.environment.as_deref().or(own_environment);
            let environment = one("environment", environment, &project.environments, &project.own)?;
            let found = self::environment(client, &environment.id, Some(&project.own.id), Purpose::Needed).await?;
            (project.own, environment, found.1)
        }
    };
    let there: Vec<Named> = instances.into_iter().map(named).collect();
    let services = services(wanted, &there, &environment)?;
    Ok(Target { project, environment, services })
}

fn named(instance: Instance) -> Named {
    let name = if instance.service_name.is_empty() { instance.service_id.clone() } else { instance.service_name };
    Named { id: instance.service_id, name }
}

/// The ids of the project and the environment that a project token is for.
async fn of_token(client: &Client) -> Result<(String, String), Error> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Data {
        project_token: Node,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Node {
        project_id: String,
        environment_id: String,
    }
    let data: Data = client.ask(PROJECT_TOKEN, json!({}), Purpose::Needed).await?;
    Ok((data.project_token.project_id, data.project_token.environment_id))
}

#[derive(Deserialize)]
struct OneProject {
    project: ProjectNode,
}

/// The project's name, or its id in its place where the token may not ask.
async fn project_by_id(client: &Client, id: &str) -> Named {
    let asked = client.ask::<OneProject>(PROJECT, json!({"id": id}), Purpose::Needed).await;
    asked.map_or_else(|_| Named { id: id.into(), name: id.into() }, |data| Project::from(data.project).own)
}

async fn project(client: &Client, wanted: Option<&str>) -> Result<Project, Error> {
    if let Some(id) = wanted.filter(|wanted| is_id(wanted)) {
        return match client.ask::<OneProject>(PROJECT, json!({"id": id}), Purpose::Needed).await {
            Ok(data) => Ok(data.project.into()),
            Err(Error::Answered(answer)) => Err(Error::Asked(format!("no project {id}: Railway answers: {answer}"))),
            Err(error) => Err(error),
        };
    }
    let mut projects = visible(client).await?;
    let names: Vec<Named> = projects.iter().map(|project| project.own.clone()).collect();
    let nothing = Named { id: String::new(), name: "what the token can see".into() };
    let found = one("project", wanted, &names, &nothing)?;
    let at = projects.iter().position(|project| project.own.id == found.id).unwrap_or(0);
    Ok(projects.swap_remove(at))
}
