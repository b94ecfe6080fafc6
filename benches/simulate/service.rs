//! A service: its routes, how long they take, and how often they refuse or fail when all is well.

use crate::draw::Draw;
use crate::random::Random;

#[derive(Clone, Debug)]
pub struct Route {
    pub method: &'static str,
    /// With `{id}`, `{uuid}` and `{slug}` where values stand.
    pub template: &'static str,
    /// Relative to the other routes'.
    pub weight: f64,
    pub median_ms: f64,
    pub sigma: f64,
    pub success: u16,
    /// The share that is the client's mistake, and what it is answered.
    pub refused: f64,
    pub refusal: u16,
    /// How the weight swings over time: amplitude (of its logarithm), period in seconds, phase.
    pub swing: (f64, f64, f64),
}

#[derive(Clone, Debug)]
pub struct Service {
    pub routes: Vec<Route>,
    /// The share of requests that fail (500) when all is well.
    pub failing: f64,
    /// Bugs behind these failures: numbers in the stack's catalog.
    pub bugs: Vec<usize>,
    /// Lines of information for each request, on average.
    pub chatter: f64,
    /// Seconds between lines of a job that runs at intervals, if there is one.
    pub job: Option<f64>,
    /// Error lines that come now and then, and the mean seconds between them.
    pub complaints: Vec<(usize, f64)>,
}

type Template = (&'static str, &'static str, u16);

const SHOP: [Template; 12] = [
    ("GET", "/api/products", 200),
    ("GET", "/api/products/{id}", 200),
    ("GET", "/api/search", 200),
    ("GET", "/api/cart", 200),
    ("POST", "/api/cart/items", 201),
    ("DELETE", "/api/cart/items/{id}", 204),
    ("POST", "/api/checkout", 200),
    ("GET", "/api/orders/{id}", 200),
    ("GET", "/api/me", 200),
    ("POST", "/api/login", 200),
    ("POST", "/api/webhooks/payments", 200),
    ("GET", "/health", 200),
];

const WORKSPACE: [Template; 12] = [
    ("GET", "/v1/projects", 200),
    ("GET", "/v1/projects/{uuid}", 200),
    ("GET", "/v1/projects/{uuid}/tasks", 200),
    ("POST", "/v1/projects/{uuid}/tasks", 201),
    ("PATCH", "/v1/tasks/{uuid}", 200),
    ("DELETE", "/v1/tasks/{uuid}", 204),
    ("GET", "/v1/users/me", 200),
    ("POST", "/v1/auth/token", 200),
    ("POST", "/v1/files", 201),
    ("GET", "/v1/files/{uuid}", 200),
    ("POST", "/v1/reports", 202),
    ("GET", "/healthz", 200),
];

const SITE: [Template; 11] = [
    ("GET", "/", 200),
    ("GET", "/posts/{slug}", 200),
    ("GET", "/tags/{slug}", 200),
    ("GET", "/feed.xml", 200),
    ("GET", "/static/app.css", 304),
    ("GET", "/static/app.js", 200),
    ("POST", "/login", 303),
    ("POST", "/comments", 201),
    ("GET", "/admin/posts/{id}", 200),
    ("PUT", "/admin/posts/{id}", 200),
    ("GET", "/api/stats", 200),
];

const MARKET: [Template; 11] = [
    ("GET", "/api/bots", 200),
    ("POST", "/api/bots", 201),
    ("GET", "/api/bots/{id}/trades", 200),
    ("POST", "/api/bots/{id}/start", 200),
    ("GET", "/api/quotes/{slug}", 200),
    ("GET", "/api/candles", 200),
    ("GET", "/api/user/exchanges", 200),
    ("POST", "/api/user/exchanges", 200),
    ("POST", "/api/auth/refresh", 200),
    ("GET", "/api/auth/me", 200),
    ("GET", "/api/health", 200),
];

/// How many bugs and complaints the stacks have words for.
pub const BUGS: usize = 12;
pub const COMPLAINTS: usize = 12;

impl Service {
    pub fn draw(random: &mut Random) -> Service {
        let templates: &[Template] = random.pick(&[&SHOP[..], &WORKSPACE[..], &SITE[..], &MARKET[..]]);
        let mut templates = templates.to_vec();
        random.shuffle(&mut templates);
        templates.truncate(random.between(5, templates.len() as i64) as usize);
        let steepness = random.uniform(0.5, 1.3);
        let routes = templates.iter().enumerate().map(|(rank, template)| {
            let (method, template, success) = *template;
            let (refused, refusal) = match (method, template) {
                (_, template) if template.contains("auth") || template.contains("login") => (0.06, 401),
                (_, template) if template.contains("/me") => (0.03, 401),
                ("POST" | "PUT" | "PATCH", _) => (0.02, 422),
                (_, template) if template.contains('{') => (0.02, 404),
                _ => (0.002, 404),
            };
            Route {
                method,
                template,
                weight: 1.0 / (1.0 + rank as f64).powf(steepness),
                median_ms: if template.contains("health") {
                    random.log_uniform(1.5, 6.0)
                } else {
                    random.log_uniform(5.0, 320.0)
                },
                sigma: random.uniform(0.35, 0.9),
                success,
                refused: refused * random.log_uniform(0.3, 2.0),
                refusal,
                swing: (random.uniform(0.0, 0.6), random.uniform(900.0, 7_200.0), random.unit()),
            }
        });
        let routes = routes.collect();
        let bugs = (0..random.between(1, 3)).map(|_| random.below(BUGS as u64 / 2) as usize).collect();
        let complaints = (0..random.between(0, 2))
            .map(|_| (random.below(COMPLAINTS as u64 / 2) as usize, random.log_uniform(120.0, 1_800.0)))
            .collect();
        Service {
            routes,
            failing: random.uniform(0.001, 0.005),
            bugs,
            chatter: random.pick(&[0.0, 0.2, 1.0]),
            job: random.chance(0.5).then(|| random.log_uniform(15.0, 300.0)),
            complaints,
        }
    }

    /// A bug that the service does not have when all is well: the second half of the catalog is kept for it.
    pub fn new_bug(random: &mut Random) -> usize {
        BUGS / 2 + random.below(BUGS as u64 / 2) as usize
    }

    pub fn new_complaint(random: &mut Random) -> usize {
        COMPLAINTS / 2 + random.below(COMPLAINTS as u64 / 2) as usize
    }

    /// A route with at least a tenth of the traffic.
    pub fn busy_route(&self, random: &mut Random) -> usize {
        let total: f64 = self.routes.iter().map(|route| route.weight).sum();
        let busy: Vec<usize> =
            (0..self.routes.len()).filter(|&route| self.routes[route].weight >= total / 10.0).collect();
        if busy.is_empty() { 0 } else { random.pick(&busy) }
    }

    /// The route that is called least.
    pub fn seldom_route(&self) -> usize {
        let weight = |route: &usize| self.routes[*route].weight;
        (0..self.routes.len()).min_by(|a, b| weight(a).total_cmp(&weight(b))).unwrap_or(0)
    }
}

impl Route {
    /// A path with values in the places of the template.
    pub fn path(&self, random: &mut Random) -> String {
        const SLUGS: [&str; 8] =
            ["hello-world", "spring-sale", "BTCUSDT", "release-notes", "how-we-work", "ETHUSDT", "about-us", "faq"];
        let mut path = self.template.replace("{slug}", random.pick(&SLUGS));
        if path.contains("{id}") {
            path = path.replace("{id}", &random.between(1, 9_999).to_string());
        }
        if path.contains("{uuid}") {
            path = path.replace("{uuid}", &uuid(random));
        }
        path
    }

    pub fn takes_ms(&self, random: &mut Random) -> f64 {
        // Now and then a garbage collection, a cold cache, a lock.
        let stall = if random.chance(0.005) { random.uniform(3.0, 10.0) } else { 1.0 };
        random.log_normal(self.median_ms, self.sigma) * stall
    }
}

pub fn uuid(random: &mut Random) -> String {
    format!("{}-{}-4{}-a{}-{}", random.hex(8), random.hex(4), random.hex(3), random.hex(3), random.hex(12))
}
