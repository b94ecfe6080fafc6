//! What is asked of the API: GraphQL documents, each of one operation.

/// One operation.
#[derive(Clone, Copy, Debug)]
pub struct Document {
    /// The operation's name, which is sent beside it.
    pub name: &'static str,
    /// As it is sent.
    pub text: &'static str,
}

macro_rules! documents {
    ($($constant:ident = $name:literal in $file:literal;)*) => {
        $(pub const $constant: Document =
            Document { name: $name, text: include_str!(concat!("documents/", $file, ".graphql")) };)*

        /// All of them.
        pub const ALL: &[Document] = &[$($constant),*];
    };
}

documents! {
    PROJECT_TOKEN = "ProjectToken" in "project_token";
    PROJECTS = "Projects" in "projects";
    PROJECT = "Project" in "project";
    ENVIRONMENT = "Environment" in "environment";
    DEPLOYMENTS = "Deployments" in "deployments";
    ENVIRONMENT_LOGS = "EnvironmentLogs" in "environment_logs";
    HTTP_LOGS = "HttpLogs" in "http_logs";
    BUILD_LOGS = "BuildLogs" in "build_logs";
    FOLLOW_ENVIRONMENT_LOGS = "FollowEnvironmentLogs" in "follow_environment_logs";
    FOLLOW_HTTP_LOGS = "FollowHttpLogs" in "follow_http_logs";
    NETWORK_FLOW_LOGS = "NetworkFlowLogs" in "network_flow_logs";
    DNS_QUERY_LOGS = "DnsQueryLogs" in "dns_query_logs";
    FOLLOW_BUILD_LOGS = "FollowBuildLogs" in "follow_build_logs";
    FOLLOW_NETWORK_FLOW_LOGS = "FollowNetworkFlowLogs" in "follow_network_flow_logs";
    FOLLOW_DNS_QUERY_LOGS = "FollowDnsQueryLogs" in "follow_dns_query_logs";
    METRICS = "Metrics" in "metrics";
    HTTP_METRICS = "HttpMetrics" in "http_metrics";
    ROLLBACK = "Rollback" in "rollback";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_operations() {
        for document in ALL {
            let mut words = document.text.split([' ', '(', '{']).filter(|word| !word.is_empty());
            assert!(matches!(words.next(), Some("query" | "mutation" | "subscription")), "{}", document.name);
            assert_eq!(words.next(), Some(document.name));
        }
    }
}
