/** The looks of a report: no font, image or script from anywhere. Light and dark as the reader's system, plain on paper. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --page: light-dark(#f4f5f7, #0f1217);
  --surface: light-dark(#ffffff, #181d25);
  --raised: light-dark(#f8f9fb, #1f2630);
  --line: light-dark(#d9dde3, #323b48);
  --text: light-dark(#171c24, #e9edf2);
  --quiet: light-dark(#525c6b, #a9b4c2);
  --accent: light-dark(#1f55b5, #8ab4ff);
  --bad: light-dark(#a61b1b, #ff9a93);
  --bad-surface: light-dark(#fdecea, #3a1d1e);
  --warn: light-dark(#7a4700, #ffc875);
  --warn-surface: light-dark(#fff4e0, #352812);
  --good: light-dark(#14612f, #86e0a5);
  --good-surface: light-dark(#e7f5ec, #14301f);
  --radius: 10px;
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; scroll-padding-top: 1rem; }
body {
  margin: 0;
  background: var(--page);
  color: var(--text);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Liberation Sans", sans-serif;
  overflow-wrap: anywhere;
}
.wrap { max-width: 1120px; margin: 0 auto; padding: 0 1.25rem; }
a { color: var(--accent); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; border-radius: 4px; }
.skip { position: absolute; left: -999rem; background: var(--surface); padding: .75rem 1rem; }
.skip:focus { left: 1rem; top: 1rem; z-index: 1; }
.hidden {
  position: absolute; width: 1px; height: 1px; margin: -1px; padding: 0; border: 0;
  clip-path: inset(50%); overflow: hidden; white-space: nowrap;
}
h1, h2, h3 { line-height: 1.2; text-wrap: balance; margin: 0; }
h1 { font-size: clamp(1.6rem, 1.1rem + 2.2vw, 2.5rem); letter-spacing: -.02em; font-weight: 680; max-width: 36ch; }
h2 { font-size: 1.35rem; letter-spacing: -.01em; margin-bottom: .9rem; }
h3 { font-size: 1.05rem; }
* + h3.apart { margin-top: 1.75rem; }
p { margin: .5rem 0; max-width: 80ch; text-wrap: pretty; }
.name { display: inline-block; max-width: 100%; }
.quiet { color: var(--quiet); }
.small { font-size: .875rem; }
code, .mono { font: .9em ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace; }

header { padding: 2.5rem 0 1.5rem; }
.kicker { color: var(--quiet); font-size: .9rem; margin: 0 0 .75rem; }
.lead { font-size: 1.15rem; margin: 1rem 0 0; }
nav ul { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; list-style: none; padding: 0; margin: 1.25rem 0 0; }
nav a { text-decoration-thickness: 1px; text-underline-offset: 3px; padding: .15rem 0; display: inline-block; }

main > section, footer {
  background: var(--surface);
  border: 1px solid var(--line);
  border-radius: var(--radius);
  padding: 1.5rem;
  margin: 0 0 1.25rem;
}
main > section.bare { background: none; border: 0; padding: 0; }

.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(15rem, 1fr)); gap: 1rem; margin: 0; }
.tile { background: var(--surface); border: 1px solid var(--line); border-radius: var(--radius); padding: 1.1rem 1.25rem; border-top: 4px solid var(--line); }
.tile.bad { border-top-color: var(--bad); }
.tile.warn { border-top-color: var(--warn); }
.tile.good { border-top-color: var(--good); }
.tile dt { color: var(--quiet); font-size: .9rem; }
.tile dd { margin: .35rem 0 0; }
.figure { font-size: 2.1rem; line-height: 1.1; font-weight: 680; letter-spacing: -.02em; font-variant-numeric: tabular-nums; }
.figure small { font-size: 1rem; font-weight: 400; color: var(--quiet); letter-spacing: 0; }
.remark { font-size: .9rem; color: var(--quiet); }

.tag { display: inline-flex; align-items: center; gap: .35em; font-size: .8125rem; font-weight: 600; padding: .1rem .55rem; border-radius: 999px; white-space: nowrap; }
.tag.bad { color: var(--bad); background: var(--bad-surface); }
.tag.warn { color: var(--warn); background: var(--warn-surface); }
.tag.good { color: var(--good); background: var(--good-surface); }
.tag.plain { color: var(--quiet); background: var(--raised); border: 1px solid var(--line); }

.scroll { overflow-x: auto; margin: 1rem -1.5rem -.25rem; padding: 0 1.5rem .25rem; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
caption { text-align: left; color: var(--quiet); font-size: .9rem; padding: 0 0 .75rem; }
th, td { text-align: left; vertical-align: top; padding: .6rem .75rem .6rem 0; border-top: 1px solid var(--line); }
thead th { border-top: 0; color: var(--quiet); font-size: .8125rem; font-weight: 600; padding-top: 0; vertical-align: bottom; }
th, td { overflow-wrap: break-word; }
tbody th { font-weight: 600; }
tbody th .small { font-weight: 400; }
td:last-child, th:last-child { padding-right: 0; }
td ul, dd ul { margin: 0; padding: 0; list-style: none; }
td li + li { margin-top: .25rem; }
.losses th:first-child { width: 22%; }
.losses td { width: 39%; }
.narrow { white-space: nowrap; }

.matrix { width: auto; min-width: 100%; }
.matrix th[scope="row"] { position: sticky; left: 0; background: var(--surface); padding-right: 1.25rem; overflow-wrap: normal; }
.matrix thead th:first-child { position: sticky; left: 0; background: var(--surface); }
.matrix td, .matrix tbody th { vertical-align: middle; }
.matrix td, .matrix thead th { text-align: center; padding: .5rem .6rem; overflow-wrap: normal; }
.matrix thead th:first-child, .matrix td.words { text-align: left; }
.matrix thead th:first-child { padding-left: 0; }
.chip { display: inline-block; min-width: 1.9rem; padding: .1rem .45rem; border-radius: 6px; border: 1px solid var(--line); background: var(--raised); }
.chip.bad { border: 2px solid var(--bad); background: var(--bad-surface); color: var(--bad); font-weight: 700; }
.none { color: var(--quiet); }
.to { color: var(--quiet); padding: 0 .15rem; }

.bar { display: block; width: 100%; max-width: 9rem; height: 8px; margin: .3rem 0 .1rem; }
.bar .track { fill: var(--line); }
.bar .fill { fill: var(--accent); }
.bar .full { fill: var(--bad); }
.story + .story { border-top: 1px solid var(--line); margin-top: 1.75rem; padding-top: 1.75rem; }
.timeline th:nth-child(1) { width: 24%; min-width: 11rem; }
.timeline th:nth-child(2) { width: 24%; min-width: 9rem; }
.timeline th:nth-child(3) { width: 52%; }
.span { display: block; width: 100%; min-width: 9rem; height: 16px; margin-top: .25rem; }
.span .track { fill: var(--raised); stroke: var(--line); stroke-width: 1; vector-effect: non-scaling-stroke; }
.span .down { fill: var(--bad); }
.span .mark { fill: var(--text); }
.events { padding: 0; list-style: none; margin: 1rem 0 0; border-left: 2px solid var(--line); }
.events > li { padding: 0 0 .9rem 1.1rem; position: relative; }
.events > li::before { content: ""; position: absolute; left: -7px; top: .5em; width: 8px; height: 8px; border-radius: 50%; background: var(--surface); border: 2px solid var(--quiet); }
.events > li.bad::before { background: var(--bad); border-color: var(--bad); }
.time { font-weight: 600; font-variant-numeric: tabular-nums; }
.events ul { margin: .25rem 0 0; padding-left: 1.1rem; }

.step + .step { border-top: 1px solid var(--line); margin-top: 1rem; padding-top: 1rem; }
.step ol, .step ul { margin: .5rem 0 0; padding-left: 1.4rem; }
.step li { margin: .2rem 0; }
pre { background: var(--raised); border: 1px solid var(--line); border-radius: 8px; padding: .8rem 1rem; overflow-x: auto; margin: .5rem 0; font-size: .85rem; line-height: 1.45; }
details { margin: 1rem 0 0; }
summary { cursor: pointer; color: var(--accent); width: fit-content; padding: .2rem 0; }
details > .scroll { margin-top: .5rem; }
footer h2 { margin-bottom: .5rem; }
footer ul { padding-left: 1.2rem; margin: .5rem 0; max-width: 80ch; }
footer h3 { margin-top: 1rem; }

@media (max-width: 640px) {
  .wrap { padding: 0 .75rem; }
  header { padding: 1.5rem 0 1rem; }
  main > section, footer { padding: 1.1rem 1rem; }
  .scroll { margin-inline: -1rem; padding-inline: 1rem; }
  .tiles { grid-template-columns: 1fr; gap: .75rem; }
  .losses thead { position: absolute; clip-path: inset(50%); width: 1px; height: 1px; overflow: hidden; }
  .losses, .losses caption, .losses tbody, .losses tr, .losses th, .losses td { display: block; width: auto !important; }
  .losses tr { border-top: 1px solid var(--line); padding: .75rem 0; }
  .losses th, .losses td { border: 0; padding: .15rem 0; }
  .timeline th:nth-child(1) { min-width: 7.5rem; }
  .timeline th:nth-child(2) { min-width: 7rem; }
  .span { min-width: 5.5rem; }
  .label { display: block !important; margin-top: .35rem; }
}
.label { display: none; color: var(--quiet); font-size: .8125rem; }
@media print {
  :root { color-scheme: light; --page: #fff; }
  body { font-size: 11pt; }
  .wrap { max-width: none; padding: 0; }
  nav, .skip, summary { display: none; }
  main > section, footer { border: 0; padding: 0; margin: 0 0 1.5rem; }
  details::details-content { content-visibility: visible; display: block; }
  tr, .tile, .story, .step { break-inside: avoid; }
  .scroll { overflow: visible; }
}
@media (prefers-reduced-motion: no-preference) { html { scroll-behavior: smooth; } }
`.trim();
