//! `GET /runs/{id}/tasks`: what was planned, by whom it was done and what came of it.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;

use super::ApiState;
use super::params::{Items, Params, RunPath};
use super::problem::Problem;
use crate::engine::{TaskState, TaskView};

/// Lists the tasks of a run, in the order in which they were planned
#[utoipa::path(get, path = "/runs/{id}/tasks", tag = "results", operation_id = "list_tasks",
    params(("id" = String, Path, description = "The run's id."),
        ("state" = Option<TaskState>, Query, description = "Only tasks in this state."),
        ("expert" = Option<String>, Query, description = "Only tasks of this expert."),
        ("limit" = Option<u32>, Query, description = "1 to 200; 50 unless given.", minimum = 1, maximum = 200),
        ("after" = Option<String>, Query, description = "The `next` of the page before.")),
    responses((status = 200, description = "A page of tasks", body = Items<TaskView>)))]
pub async fn list(State(state): State<Arc<ApiState>>, RunPath(id): RunPath, params: Params) -> Result<Json<Items<TaskView>>, Problem> {
    let params = params.only(&["state", "expert", "limit", "after"])?;
    let wanted = params.one_of("state", &TaskState::ALL.map(TaskState::name), state_of)?;
    let page = params.page()?;
    let (_, view) = state.runs.look(id).await?;
    let tasks = view.tasks.into_iter();
    let expert = params.text("expert");
    let tasks = tasks.filter(|task| wanted.is_none_or(|state| task.state == state) && expert.is_none_or(|expert| task.expert == expert));
    Items::page_of(tasks, &page).map(Json)
}

fn state_of(name: &str) -> Option<TaskState> {
    TaskState::ALL.into_iter().find(|state| state.name() == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_have_the_names_that_tasks_show() {
        for state in TaskState::ALL {
            assert_eq!(serde_json::to_value(state).unwrap(), state.name());
            assert_eq!(state_of(state.name()), Some(state));
        }
    }
}
