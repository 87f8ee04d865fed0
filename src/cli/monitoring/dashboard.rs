//! The dashboard for Grafana.

use serde_json::{Value, json};

use crate::domain::{
    alerts::Targets,
    panels::{Line, Panel, Row, rows},
};

/// Columns of a dashboard, and of a plot.
const COLUMNS: u32 = 24;
const WIDTH: u32 = 8;
const HEIGHT: u32 = 8;

fn plot(panel: &Panel, id: u32, at: u32, y: u32) -> Value {
    let Panel { title, says, unit, lines, .. } = panel;
    let target = |(letter, line): (u8, &Line)| {
        json!({
            "refId": char::from(letter).to_string(),
            "datasource": { "type": "prometheus", "uid": "${source}" },
            "expr": line.query,
            "legendFormat": line.legend,
        })
    };
    json!({
        "id": id,
        "type": "timeseries",
        "title": title,
        "description": says,
        "datasource": { "type": "prometheus", "uid": "${source}" },
        "gridPos": { "x": at * WIDTH % COLUMNS, "y": y + at * WIDTH / COLUMNS * HEIGHT, "w": WIDTH, "h": HEIGHT },
        "fieldConfig": { "defaults": { "unit": unit.as_str(), "min": 0 }, "overrides": [] },
        "options": { "legend": { "displayMode": "list", "placement": "bottom" }, "tooltip": { "mode": "multi", "sort": "desc" } },
        "targets": (b'A'..).zip(lines).map(target).collect::<Vec<_>>(),
    })
}

/// The dashboard as Grafana imports it, with the budgets of these targets.
pub(super) fn of(targets: &Targets) -> String {
    let (mut panels, mut id, mut y) = (Vec::new(), 0, 0);
    let mut next = || {
        id += 1;
        id
    };
    for Row { title, panels: plots } in rows(targets) {
        panels.push(json!({
            "id": next(), "type": "row", "title": title, "collapsed": false, "panels": [],
            "gridPos": { "x": 0, "y": y, "w": COLUMNS, "h": 1 },
        }));
        y += 1;
        for (at, panel) in (0..).zip(&plots) {
            panels.push(plot(panel, next(), at, y));
        }
        y += (plots.len() as u32).div_ceil(COLUMNS / WIDTH) * HEIGHT;
    }
    let source =
        json!({ "name": "source", "label": "Prometheus", "type": "datasource", "query": "prometheus" });
    let deployed = json!({
        "name": "Deployments", "enable": true, "iconColor": "blue",
        "datasource": { "type": "prometheus", "uid": "${source}" },
        "expr": "changes(process_start_time_seconds{job=~\".*girasol.*\"}[2m]) > 0",
        "titleFormat": "Started", "textFormat": "{{instance}}",
    });
    let whole = json!({
        "uid": "girasol",
        "title": "Girasol",
        "description": "Made by `girasol monitoring dashboard` from the panels and the settings of the service: edit those, not this file.",
        "tags": ["girasol"],
        "schemaVersion": 39,
        "editable": true,
        "time": { "from": "now-6h", "to": "now" },
        "refresh": "30s",
        "timezone": "browser",
        "templating": { "list": [source] },
        "annotations": { "list": [deployed] },
        "panels": panels,
    });
    format!("{whole:#}")
}
