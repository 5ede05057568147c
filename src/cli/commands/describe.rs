//! `qd describe`: all about one object.

use crate::arguments::Common;
use crate::output::{print, print_json};
use crate::place::Place;
use clap::Args;
use quarterdeck_core::Result;

#[derive(Debug, Args)]
pub struct Arguments {
    /// Kind, or KIND/NAME
    kind: String,
    /// Name, or NAMESPACE/NAME
    name: Option<String>,
    /// Print as JSON
    #[arg(long)]
    json: bool,
}

pub async fn run(arguments: Arguments, common: &Common) -> Result<u8> {
    let place = Place::open_one(common)?;
    let cluster = place.cluster()?;
    let object = place.object(&cluster, &arguments.kind, arguments.name.as_deref()).await?;
    let told = place.session.describe(place.context(), &object).await?;
    if arguments.json {
        let sections: Vec<_> = told
            .sections
            .iter()
            .map(|s| {
                let items: Vec<_> = s
                    .items
                    .iter()
                    .map(|i| serde_json::json!({ "label": i.label, "value": i.value, "level": i.level, "depth": i.depth }))
                    .collect();
                serde_json::json!({ "title": s.title, "items": items })
            })
            .collect();
        print_json(&serde_json::json!({
            "kind": told.kind, "namespace": told.namespace, "name": told.name, "sections": sections,
        }));
    } else {
        print(&told.to_text());
    }
    Ok(0)
}
