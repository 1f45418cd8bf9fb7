//! SQL that reads series of points.

use base::{Result, RunId};
use store::{Db, Value};

use super::batch;
use crate::filter::{page_of, page_start};
use crate::metric::{HistoryPage, MetricPoint};

type Row = (i64, i64, f64, bool);

fn point((timestamp, step, value, is_nan): Row) -> MetricPoint {
    MetricPoint {
        value: if is_nan { f64::NAN } else { value },
        timestamp,
        step,
    }
}

pub(crate) async fn require_run(db: &Db, id: &RunId) -> Result<()> {
    let found: Option<(String,)> = db
        .row("select id from run where id = $1", &[id.into()])
        .await?;
    found.map(|_| ()).ok_or_else(|| batch::none(id))
}

pub(crate) async fn history(
    db: &Db,
    id: &RunId,
    key: &str,
    limit: Option<usize>,
    token: Option<&str>,
) -> Result<HistoryPage> {
    let start = page_start(token)?;
    require_run(db, id).await?;
    let most = limit.map_or(i64::MAX, |limit| {
        i64::try_from(limit).unwrap_or(i64::MAX - 1) + 1
    });
    let rows: Vec<Row> = db
        .rows(
            "select at, step, value, is_nan from metric where run_id = $1 and key = $2 order by at, step, value, is_nan limit $3 offset $4",
            &[id.into(), key.into(), most.into(), start.into()],
        )
        .await?;
    let points = rows.into_iter().map(point).collect();
    let page = page_of(points, start, limit.unwrap_or(usize::MAX));
    Ok(HistoryPage {
        points: page.items,
        next: page.next,
    })
}

/// Evenly over the rows in the order of steps: as many buckets as points are wanted, the first row of each, and the
/// last row of all.
pub(crate) async fn sample(
    db: &Db,
    id: &RunId,
    key: &str,
    steps: Option<(i64, i64)>,
    wanted: usize,
) -> Result<Vec<MetricPoint>> {
    let wanted = wanted.max(1);
    let (from, to) = steps.unwrap_or((i64::MIN, i64::MAX));
    let args: [Value; 5] = [id.into(), key.into(), from.into(), to.into(), wanted.into()];
    let rows: Vec<Row> = db
        .rows(
            "with numbered as (select at, step, value, is_nan, row_number() over (order by step, at, value, is_nan) - 1 as n, count(*) over () as total \
               from metric where run_id = $1 and key = $2 and step >= $3 and step <= $4) \
             select at, step, value, is_nan from numbered \
             where total <= $5 or n = total - 1 or (n * $5) / total <> ((n - 1) * $5) / total or n = 0 order by n",
            &args,
        )
        .await?;
    let mut points: Vec<MetricPoint> = rows.into_iter().map(point).collect();
    if points.len() > wanted {
        // The last row came on top of the buckets; it takes the place of the last bucket's first row.
        let last = points.len() - 1;
        points.swap(wanted - 1, last);
        points.truncate(wanted);
    }
    Ok(points)
}
