//! A model and those that stand in for it, asked in order; what callers get from [`super::Models`].

use std::sync::Arc;

use async_trait::async_trait;
use tokio::time::Instant;

use super::link::{Link, Suspension};
use super::port::{Error, Model, Reply, Request};
use super::shapes::Shapes;

pub(super) struct Chain {
    pub name: String,
    /// At least one.
    pub links: Vec<Arc<Link>>,
    pub shapes: Arc<Shapes>,
}

#[async_trait]
impl Model for Chain {
    fn name(&self) -> &str {
        &self.name
    }

    async fn reply(&self, request: &Request) -> Result<Reply, Error> {
        let begun = Instant::now();
        let deadline = begun + request.time_limit;
        let mut failed: Vec<String> = Vec::new();
        let mut last = Error::Unavailable("no model is set up".to_owned());
        for (position, link) in self.links.iter().enumerate() {
            let left = if position == 0 { request.time_limit } else { deadline.saturating_duration_since(Instant::now()) };
            // Who has others behind it may use an even share of the time that is left.
            let limit = left / (self.links.len() - position) as u32;
            let is_last = position + 1 == self.links.len();
            let suspension = if is_last { Suspension::WaitFor } else { Suspension::GiveUp };
            match link.reply(request, limit, suspension).await {
                Ok(mut reply) => {
                    if !failed.is_empty() {
                        reply.remarks.insert(0, format!("`{}` answered in place of {}", link.name, failed.join(", ")));
                        reply.duration = begun.elapsed();
                    }
                    return Ok(reply);
                }
                // To ask another model until one says it would be to work around the filter.
                Err(filtered @ Error::Filtered(_)) => return Err(filtered),
                Err(error) => {
                    failed.push(format!("`{}` ({error})", link.name));
                    last = error;
                }
            }
        }
        Err(last)
    }

    fn shapes(&self) -> Option<&Shapes> {
        Some(&self.shapes)
    }
}
