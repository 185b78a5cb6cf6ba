//! `GET /sources/{name}/inference` and `/inclusions`: what the data tells of keys and references.

use std::sync::Arc;

use axum::extract::State;
use axum::{Extension, Json};

use super::ApiState;
use super::params::Params;
use super::problem::{Code, Problem};
use super::sources::SourcePath;
use crate::domain::Identity;
use crate::tools::Failure;
use crate::tools::survey::inclusions::Inclusions;
use crate::tools::survey::shown::{self, Inferred};

/// Infers keys and references
///
/// From one reading of each table: which columns identify a row, and which refer to what, with the signals that were weighed. What is declared
/// is heeded unless `blind` is set.
#[utoipa::path(get, path = "/sources/{name}/inference", tag = "sources", operation_id = "infer_source",
    params(("name" = String, Path, description = "The source's name, or a DSN."),
        ("blind" = Option<bool>, Query, description = "Do not look at declared constraints."),
        ("rejected" = Option<bool>, Query, description = "Also show what was weighed and does not stand, and why keys are keys.")),
    responses((status = 200, description = "Keys and references", body = Inferred)))]
pub async fn infer(
    State(state): State<Arc<ApiState>>,
    Extension(identity): Extension<Identity>,
    SourcePath(name): SourcePath,
    params: Params,
) -> Result<Json<Inferred>, Problem> {
    state.may_open(&identity, Some(&name))?;
    let params = params.only(&["blind", "rejected"])?;
    let (blind, rejected) = (params.flag("blind", false)?, params.flag("rejected", false)?);
    let workspace = state.outside.workbench.look(&name).await?;
    let survey = match blind {
        true => workspace.surveys.blind(&workspace).await,
        false => workspace.surveys.of(&workspace).await,
    };
    let survey = survey.map_err(failed)?;
    shown::inferred(&workspace, &survey, rejected).await.map(Json).map_err(failed)
}

/// Lists all inclusions
///
/// Every pair of columns of which the one's values are all found in the other, counted exactly. A gate for references, and no proof: small
/// numbers are found everywhere.
#[utoipa::path(get, path = "/sources/{name}/inclusions", tag = "sources", operation_id = "list_inclusions",
    params(("name" = String, Path, description = "The source's name, or a DSN.")),
    responses((status = 200, description = "Inclusions", body = Inclusions)))]
pub async fn inclusions(
    State(state): State<Arc<ApiState>>,
    Extension(identity): Extension<Identity>,
    SourcePath(name): SourcePath,
    params: Params,
) -> Result<Json<Inclusions>, Problem> {
    state.may_open(&identity, Some(&name))?;
    params.only(&[])?;
    let workspace = state.outside.workbench.look(&name).await?;
    workspace.surveys.inclusions(&workspace).await.map(Json).map_err(failed)
}

fn failed(failure: Failure) -> Problem {
    let (Failure::Mendable(why) | Failure::Broken(why)) = failure;
    Problem::new(Code::SourceUnavailable, why)
}
