// What somebody may ask to see the series of others: selectors that reach for them, within
// everything that an expression can be. Every combination is asked.

/** `mine` and `theirs` are values of the tenants' label, `metric` a metric that all have. */
export function selectorAttacks(mine: string, theirs: string, metric: string): string[] {
  return [
    ...['{secret!=""}', '{secret=~".+"}', '{__name__=~".+"}', '{__name__!=""}', '{a=""}'],
    ...[`{team="${theirs}"}`, `{team!="${mine}"}`, '{team=~".*"}', '{team!~"x"}', '{team=""}'],
    ...[`{team=~"${theirs}|${mine}"}`, `{team=~"(?i)${theirs}"}`, `{team!~"${mine}"}`],
    ...[`{team="${mine}",team="${theirs}"}`, `{"team"="${theirs}"}`, `{"${metric}"}`],
    ...[metric, `${metric}{team="${theirs}"}`, `${metric}{team=~"|${theirs}"}`],
    ...[`${metric}{team="${mine}" or team="${theirs}"}`, `${metric}{team!="${mine}"} offset -1m`],
    `${metric}{team=~"${theirs}"} @ end()`,
  ];
}

/** `selector` in everything that may look at it. */
export function expressionAttacks(selector: string, metric: string): string[] {
  return [
    selector,
    `${metric} or ${selector}`,
    `${selector} unless on() absent(${metric})`,
    `${selector} and on() ${metric}`,
    `${metric} * on() group_left(secret) ${selector}`,
    `count by (secret, __name__) (${selector})`,
    `count_values("v", ${selector})`,
    `topk(99, ${selector})`,
    `label_replace(${selector}, "team", "red", "", "")`,
    `label_join(${selector}, "v", "-", "secret", "team")`,
    `max_over_time(${selector}[1h:1m])`,
    `group by (secret) (last_over_time(${selector}[1h:1m]))`,
    `info(${metric}, ${selector})`,
    `sort_by_label(${selector}, "secret")`,
    `absent(${selector})`,
    `timestamp(${selector})`,
    `-(${selector})`,
  ];
}
