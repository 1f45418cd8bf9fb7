//! Search for logged models: by what they are and by what was measured on them, on which dataset.

use base::{Page, Result};
use store::{Db, dynamic_sql};

use super::{COLUMNS, Row, SHAPE, complete};
use crate::filter::{Field, Query, page_of, page_start, parse, parse_order};
use crate::logged_model::{LoggedModel, LoggedModelSearch, ModelOrder};
use crate::store::experiment;

pub(crate) async fn search(db: &Db, search: &LoggedModelSearch) -> Result<Page<LoggedModel>> {
    let limit = search.page.limit.unwrap_or(100).clamp(1, 1000);
    let start = page_start(search.page.token.as_deref())?;
    let numbers = search
        .experiment_ids
        .iter()
        .map(experiment::number)
        .collect::<Result<Vec<i64>>>()?;
    let mut query = Query::new(&SHAPE, db.backend());
    let within = query.any_of("logged_model.experiment_id", numbers);
    query.condition(within);
    query.condition("logged_model.lifecycle = 'active'".to_owned());
    on_datasets(&mut query, search)?;
    query.filter(&search.filter)?;
    for order in &search.order_by {
        order_by(&mut query, order)?;
    }
    let (sql, args) = query.select(COLUMNS, limit + 1, start);
    let rows: Vec<Row> = db.rows(dynamic_sql(sql), &args).await?;
    let page = page_of(rows, start, limit);
    Ok(Page {
        items: complete(db, page.items).await?,
        next: page.next,
    })
}

/// Metrics in the filter count only on the datasets asked for; without one, any metric on them will do.
fn on_datasets(query: &mut Query<'_>, search: &LoggedModelSearch) -> Result<()> {
    if search.datasets.is_empty() {
        return Ok(());
    }
    let each: Vec<String> = search
        .datasets
        .iter()
        .map(|(name, digest)| dataset(query, name, digest.as_deref()))
        .collect();
    let any = format!("({})", each.join(" or "));
    if parse(&search.filter)?
        .iter()
        .any(|clause| matches!(clause.field, Field::Metric(_)))
    {
        query.metrics_where(&any);
    } else {
        query.condition(format!("exists (select 1 from logged_model_metric b where b.model_id = logged_model.id and {any})"));
    }
    Ok(())
}

fn dataset(query: &mut Query<'_>, name: &str, digest: Option<&str>) -> String {
    let mut sql = format!("b.dataset_name = {}", query.bind(name));
    if let Some(digest) = digest.filter(|digest| !digest.is_empty()) {
        sql = format!("({sql} and b.dataset_digest = {})", query.bind(digest));
    }
    sql
}

fn order_by(query: &mut Query<'_>, order: &ModelOrder) -> Result<()> {
    let field = parse_order(&order.field)?.field;
    let Field::Metric(key) = &field else {
        return query.order_key(&field, order.ascending);
    };
    let mut which = format!(
        "b.model_id = logged_model.id and b.key = {}",
        query.bind(key.as_str())
    );
    if let Some(name) = order
        .dataset_name
        .as_deref()
        .filter(|name| !name.is_empty())
    {
        which = format!(
            "{which} and {}",
            dataset(query, name, order.dataset_digest.as_deref())
        );
    }
    // The latest value: by time, step, run.
    let latest = format!(
        "(select b.value from logged_model_metric b where {which} order by b.at desc, b.step desc, b.run_id limit 1)"
    );
    let direction = if order.ascending { "asc" } else { "desc" };
    query.order_sql(format!(
        "case when {latest} is null then 1 else 0 end, {latest} {direction}"
    ));
    Ok(())
}
