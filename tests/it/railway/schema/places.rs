//! Projects, environments, services and deployments.

use async_graphql::{Context, InputObject, Json, Object, SimpleObject};

use super::super::world::{ENVIRONMENT, PROJECT, World, locked};
use super::world;

#[derive(Default)]
pub struct Places;

#[derive(SimpleObject)]
struct ProjectToken {
    project_id: String,
    environment_id: String,
}

#[derive(SimpleObject, Clone)]
struct Named {
    id: String,
    name: String,
}

#[derive(SimpleObject)]
struct NamedEdge {
    node: Named,
}

#[derive(SimpleObject)]
struct NamedConnection {
    edges: Vec<NamedEdge>,
}

fn named(all: &[(&str, &str)]) -> NamedConnection {
    let edge = |(id, name): &(&str, &str)| NamedEdge { node: Named { id: (*id).into(), name: (*name).into() } };
    NamedConnection { edges: all.iter().map(edge).collect() }
}

#[derive(SimpleObject)]
struct Project {
    id: String,
    name: String,
    environments: NamedConnection,
    services: NamedConnection,
}

#[derive(SimpleObject)]
struct ProjectEdge {
    node: Project,
}

#[derive(SimpleObject)]
struct PageInfo {
    has_next_page: bool,
    end_cursor: Option<String>,
}

#[derive(SimpleObject)]
struct ProjectConnection {
    edges: Vec<ProjectEdge>,
    page_info: PageInfo,
}

fn shop(world: &World) -> Project {
    Project {
        id: PROJECT.into(),
        name: "shop".into(),
        environments: named(&[(ENVIRONMENT, "production"), ("22222222-0000-4000-8000-000000000002", "staging")]),
        services: named(&world.services.iter().map(|(id, name)| (&id[..], &name[..])).collect::<Vec<_>>()),
    }
}

#[derive(SimpleObject)]
struct Environment {
    id: String,
    name: String,
    service_instances: InstanceConnection,
}

#[derive(SimpleObject)]
struct InstanceConnection {
    edges: Vec<InstanceEdge>,
}

#[derive(SimpleObject)]
struct InstanceEdge {
    node: Instance,
}

#[derive(SimpleObject)]
struct Instance {
    service_id: String,
    service_name: String,
    active_deployments: Vec<Deployment>,
    latest_deployment: Option<Deployment>,
}

#[derive(SimpleObject)]
struct Deployment {
    id: String,
    status: String,
    created_at: String,
    can_rollback: bool,
    deployment_stopped: bool,
    status_updated_at: Option<String>,
    meta: Json<serde_json::Value>,
}

impl From<&super::super::world::Deployment> for Deployment {
    fn from(deployment: &super::super::world::Deployment) -> Self {
        Deployment {
            id: deployment.id.clone(),
            status: deployment.status.into(),
            created_at: deployment.created.to_string(),
            can_rollback: deployment.can_rollback,
            deployment_stopped: deployment.is_stopped,
            status_updated_at: None,
            meta: Json(serde_json::json!({"commitHash": "abc1234", "commitMessage": "a change"})),
        }
    }
}

#[derive(InputObject)]
struct DeploymentListInput {
    project_id: Option<String>,
    environment_id: Option<String>,
    service_id: Option<String>,
}

#[derive(SimpleObject)]
struct DeploymentConnection {
    edges: Vec<DeploymentEdge>,
    page_info: PageInfo,
}

#[derive(SimpleObject)]
struct DeploymentEdge {
    node: Deployment,
}

#[Object]
impl Places {
    async fn project_token(&self) -> ProjectToken {
        ProjectToken { project_id: PROJECT.into(), environment_id: ENVIRONMENT.into() }
    }

    async fn project(&self, context: &Context<'_>, id: String) -> async_graphql::Result<Project> {
        if id == PROJECT { Ok(shop(&locked(world(context)?))) } else { Err("Project not found".into()) }
    }

    async fn projects(
        &self,
        context: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
    ) -> async_graphql::Result<ProjectConnection> {
        let _ = first;
        let shop = shop(&locked(world(context)?));
        let edges = if after.is_none() { vec![ProjectEdge { node: shop }] } else { Vec::new() };
        Ok(ProjectConnection {
            page_info: PageInfo { has_next_page: after.is_none(), end_cursor: Some("1".into()) },
            edges,
        })
    }

    async fn environment(
        &self,
        context: &Context<'_>,
        id: String,
        project_id: Option<String>,
    ) -> async_graphql::Result<Environment> {
        let _ = project_id;
        let world = locked(world(context)?);
        let name = if id == ENVIRONMENT { "production" } else { "staging" };
        let node = |id: &str, name: &str| {
            let own = world.deployments.iter().filter(|deployment| deployment.service == id && deployment.is_active);
            let latest = world.deployments.iter().filter(|deployment| deployment.service == id);
            let latest = latest.max_by_key(|deployment| deployment.created);
            Instance {
                service_id: id.into(),
                service_name: name.into(),
                active_deployments: own.map(Deployment::from).collect(),
                latest_deployment: latest.map(Deployment::from),
            }
        };
        let edges = world.services.iter().map(|(id, name)| InstanceEdge { node: node(id, name) }).collect();
        Ok(Environment { name: name.into(), service_instances: InstanceConnection { edges }, id })
    }

    async fn deployments(
        &self,
        context: &Context<'_>,
        input: DeploymentListInput,
        first: Option<i32>,
        after: Option<String>,
    ) -> async_graphql::Result<DeploymentConnection> {
        let _ = (&input.project_id, &input.environment_id, after);
        let world = locked(world(context)?);
        let mut own: Vec<_> = world
            .deployments
            .iter()
            .filter(|deployment| input.service_id.as_ref() == Some(&deployment.service))
            .collect();
        own.sort_by_key(|deployment| std::cmp::Reverse(deployment.created));
        own.truncate(first.unwrap_or(10) as usize);
        let edges = own.into_iter().map(|deployment| DeploymentEdge { node: deployment.into() }).collect();
        Ok(DeploymentConnection { edges, page_info: PageInfo { has_next_page: false, end_cursor: None } })
    }
}
