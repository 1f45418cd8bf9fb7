//! The SQL of approvals and of passed gates.

use base::Result;
use store::{AuditEntry, Db, FromRow, Tx};

use crate::approval::{Approval, ApprovalState};

#[derive(Clone, Debug, FromRow)]
struct Row {
    id: String,
    project: String,
    gate: String,
    model: String,
    version: i64,
    role: String,
    state: String,
    binding: String,
    asked_at: i64,
    decided_at: Option<i64>,
    decided_by: String,
    own: bool,
    reason: String,
}

impl Row {
    fn approval(self) -> Result<Approval> {
        Ok(Approval {
            state: ApprovalState::parse(&self.state)?,
            id: self.id,
            project: self.project,
            gate: self.gate,
            model: self.model,
            version: self.version,
            role: self.role,
            binding: self.binding,
            asked_at: self.asked_at,
            decided_at: self.decided_at,
            decided_by: self.decided_by,
            own: self.own,
            reason: self.reason,
        })
    }
}

/// All that was asked and decided about a version at a gate, in order.
pub(crate) async fn of_version(
    db: &Db,
    project: &str,
    gate: &str,
    model: &str,
    version: i64,
) -> Result<Vec<Approval>> {
    let rows: Vec<Row> = db
        .rows(
            "select * from approval where project = $1 and gate = $2 and model = $3 and version = $4 order by coalesce(decided_at, asked_at), id",
            &[project.into(), gate.into(), model.into(), version.into()],
        )
        .await?;
    rows.into_iter().map(Row::approval).collect()
}

/// What waits for a person, the oldest first.
pub(crate) async fn asked(db: &Db, project: &str) -> Result<Vec<Approval>> {
    let rows: Vec<Row> = db
        .rows(
            "select * from approval where state = 'asked' and ($1 = '' or project = $1) order by asked_at, id limit 500",
            &[project.into()],
        )
        .await?;
    rows.into_iter().map(Row::approval).collect()
}

/// Stores questions that were not asked yet, and withdraws those about other versions.
pub(crate) async fn ask(db: &Db, questions: Vec<Approval>) -> Result<()> {
    if questions.is_empty() {
        return Ok(());
    }
    db.write(move |tx| {
        let questions = questions.clone();
        Box::pin(async move {
            for question in questions {
                withdraw_others(tx, &question).await?;
                let known: Option<(String,)> = tx
                    .row(
                        "select id from approval where project = $1 and gate = $2 and model = $3 and version = $4 and role = $5 and binding = $6 and state = 'asked'",
                        &key(&question),
                    )
                    .await?;
                if known.is_none() {
                    insert(tx, &question).await?;
                    tx.audit(&entry(&question, "ironloop", "registry.approval_asked")).await?;
                }
            }
            Ok(())
        })
    })
    .await
}

/// A question is withdrawn when another version, or a changed one, takes its place.
async fn withdraw_others(tx: &mut Tx<'_>, question: &Approval) -> Result<()> {
    tx.execute(
        "update approval set state = 'withdrawn' where state = 'asked' and project = $1 and gate = $2 and model = $3 and (version <> $4 or (role = $5 and binding <> $6))",
        &key(question),
    )
    .await?;
    Ok(())
}

/// Stores a decision: it answers an open question of the same role where there is one. The same decision of the same
/// person about the same thing is stored once; a later, different one counts instead.
pub(crate) async fn decide(db: &Db, decision: Approval) -> Result<Approval> {
    db.write(move |tx| {
        let decision = decision.clone();
        Box::pin(async move {
            let mut by_person = key(&decision).to_vec();
            by_person.push(decision.decided_by.as_str().into());
            let last: Option<Row> = tx
                .row(
                    "select * from approval where project = $1 and gate = $2 and model = $3 and version = $4 and role = $5 and binding = $6 and decided_by = $7 and state in ('given', 'refused') order by decided_at desc, id desc limit 1",
                    &by_person,
                )
                .await?;
            if let Some(last) = last.filter(|last| last.state == decision.state.as_str()) {
                return last.approval();
            }
            tx.execute(
                "update approval set state = 'withdrawn' where project = $1 and gate = $2 and model = $3 and version = $4 and role = $5 and binding = $6 and decided_by = $7 and state in ('given', 'refused')",
                &by_person,
            )
            .await?;
            tx.execute(
                "delete from approval where id = (select id from approval where project = $1 and gate = $2 and model = $3 and version = $4 and role = $5 and binding = $6 and state = 'asked' order by asked_at limit 1)",
                &key(&decision),
            )
            .await?;
            insert(tx, &decision).await?;
            let action = format!("registry.approval_{}", decision.state.as_str());
            tx.audit(&entry(&decision, &decision.decided_by, &action)).await?;
            Ok(decision)
        })
    })
    .await
}

fn key(approval: &Approval) -> [store::Value; 6] {
    [
        approval.project.as_str().into(),
        approval.gate.as_str().into(),
        approval.model.as_str().into(),
        approval.version.into(),
        approval.role.as_str().into(),
        approval.binding.as_str().into(),
    ]
}

async fn insert(tx: &mut Tx<'_>, approval: &Approval) -> Result<()> {
    let mut values = key(approval).to_vec();
    values.extend([
        approval.id.as_str().into(),
        approval.state.as_str().into(),
        approval.asked_at.into(),
        approval.decided_at.into(),
        approval.decided_by.as_str().into(),
        approval.own.into(),
        approval.reason.as_str().into(),
    ]);
    tx.execute(
        "insert into approval (project, gate, model, version, role, binding, id, state, asked_at, decided_at, decided_by, own, reason) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        &values,
    )
    .await?;
    Ok(())
}

fn entry(approval: &Approval, actor: &str, action: &str) -> AuditEntry {
    AuditEntry {
        actor: actor.to_owned(),
        action: action.to_owned(),
        project: approval.project.clone(),
        object: format!("model/{}/{}", approval.model, approval.version),
        detail: serde_json::json!({
            "gate": approval.gate, "role": approval.role, "binding": approval.binding, "own": approval.own, "reason": approval.reason,
        }),
    }
}

/// Remembers that a version passed a gate, once per binding.
pub(crate) async fn remember_pass(
    db: &Db,
    (project, gate, model): (&str, &str, &str),
    version: i64,
    binding: &str,
    spec: &str,
) -> Result<()> {
    let values: Vec<store::Value> = vec![
        project.into(),
        gate.into(),
        model.into(),
        version.into(),
        binding.into(),
        spec.into(),
        db.clock().now_ms().into(),
    ];
    db.write(move |tx| {
        let values = values.clone();
        Box::pin(async move {
            tx.execute(
                "insert into gate_pass (project, gate, model, version, binding, spec_digest, passed_at) values ($1, $2, $3, $4, $5, $6, $7) on conflict (project, gate, model, version, binding) do nothing",
                &values,
            )
            .await?;
            Ok(())
        })
    })
    .await
}

/// The spec by which a version last passed a gate.
pub(crate) async fn passed_spec(
    db: &Db,
    project: &str,
    gate: &str,
    model: &str,
    version: i64,
) -> Result<Option<String>> {
    let row: Option<(String,)> = db
        .row(
            "select spec_digest from gate_pass where project = $1 and gate = $2 and model = $3 and version = $4 order by passed_at desc limit 1",
            &[project.into(), gate.into(), model.into(), version.into()],
        )
        .await?;
    Ok(row.map(|(spec,)| spec))
}
