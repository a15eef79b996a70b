"""The style of the first screen and of the figures, beside that of every page."""

STYLE = """
body{max-width:70rem}
.verdict{max-width:none;padding:.6rem 1rem;border-left:.4rem solid;border-radius:.25rem;
font-size:1.125rem;margin:.75rem 0}
.pass-box{border-color:var(--good)}.fail-box{border-color:var(--bad)}
.verdict.pass-box{background:rgba(86,211,100,.12)}
.verdict.fail-box{background:rgba(255,123,114,.12)}
.cards{list-style:none;margin:1rem 0;padding:0;display:grid;gap:.75rem;
grid-template-columns:repeat(auto-fill,minmax(min(100%,15rem),1fr))}
.card{border:1px solid var(--line);border-top:.25rem solid var(--line);border-radius:.5rem;
padding:.6rem .8rem;min-width:0}
.card.pass-box{border-top-color:var(--good)}.card.fail-box{border-top-color:var(--bad)}
.card p{margin:.15rem 0;font-size:.875rem;line-height:1.4}
.card .name{font-weight:600;font-size:1rem}
.card .value{font-size:1.75rem;font-weight:600;line-height:1.2;font-variant-numeric:tabular-nums}
.card .meaning{color:var(--soft);font-size:.8125rem}
.summary{max-width:none}
.figures{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,18.5rem),1fr));
gap:1.5rem 1.5rem;align-items:start}
.block{min-width:0}.block h3{margin:0 0 .25rem}.block p{margin:.25rem 0 .5rem;font-size:.9375rem}
.figure{display:block;width:100%;max-width:27rem;height:auto}
.figure text{font-family:inherit}
@media print{.block,.card,.verdict,.summary{break-inside:avoid}body{max-width:none}
h2{break-after:avoid}}
"""
