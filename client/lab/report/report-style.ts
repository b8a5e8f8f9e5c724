// How the report looks, in light and in dark, on a phone and on a projector. The colours of servers are those of
// looks.ts: five hues after Okabe and Ito, darker on light paper and lighter on dark, so that each stands out 3 to 1.

export const STYLE = `
:root {
  color-scheme: light dark;
  --paper: #fcfcfa; --panel: #f3f3ee; --ink: #1d2126; --muted: #5b636d; --rule: #e0e0d8; --tone: #3c4650;
  --mark: #8a5a00; --mark-paper: #fff4dc; --link: #0b5cad;
  --events: #0069b4; --poll: #00826a; --nonblocking: #b07d00; --blocking: #c4481c; --threads: #9a4c95; --plain: #1b8aa8;
}
@media screen and (prefers-color-scheme: dark) {
  :root {
    --paper: #15181c; --panel: #1e2227; --ink: #e8e8e3; --muted: #a3abb4; --rule: #30363d; --tone: #c9d1d9;
    --mark: #f2c66d; --mark-paper: #33290f; --link: #7ab7f5;
    --events: #58aef0; --poll: #3cc4a0; --nonblocking: #e6b73c; --blocking: #f2875a; --threads: #d08ccb; --plain: #86d3e3;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body {
  margin: 0 auto; padding: 2.5rem 1.25rem 5rem; max-width: 52rem; overflow-wrap: break-word;
  background: var(--paper); color: var(--ink);
  font: 1.0625rem/1.6 system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', Cantarell, sans-serif;
}
a { color: var(--link); text-underline-offset: 0.15em; text-decoration-thickness: 1px; }
h1, h2, h3 { line-height: 1.25; text-wrap: pretty; }
h1 { font-size: 2rem; margin: 0 0 0.25rem; letter-spacing: -0.01em; }
h2 { font-size: 1.45rem; margin: 0 0 0.75rem; }
h3 { font-size: 1rem; margin: 2rem 0 0.5rem; }
p { margin: 0.5rem 0; }
ul { margin: 0.5rem 0; padding-left: 1.2rem; }
code { font-size: 0.9em; }
.muted, .lead { color: var(--muted); }
.lead { margin: 0 0 1.5rem; }
.quick { display: inline-block; padding: 0 0.5em; border-radius: 0.25em; background: var(--mark-paper); color: var(--mark);
  font-size: 0.8125rem; font-weight: 600; line-height: 1.6; letter-spacing: 0; vertical-align: 0.15em; }
p.quick { display: block; padding: 0.6em 0.9em; font-size: 0.9375rem; }
nav ol { list-style: none; margin: 1rem 0 0; padding: 0; border-top: 1px solid var(--rule); }
nav li { padding: 0.6rem 0; border-bottom: 1px solid var(--rule); }
nav a { font-weight: 600; text-decoration: none; }
nav a:hover { text-decoration: underline; }
nav span { display: block; color: var(--muted); font-size: 0.9375rem; line-height: 1.45; }
.facts { display: grid; grid-template-columns: max-content 1fr; gap: 0.2rem 1.25rem; margin: 0.75rem 0; font-size: 0.9375rem; }
.facts dt { color: var(--muted); }
.facts dd { margin: 0; min-width: 0; }
.experiment { margin-top: 3.5rem; padding-top: 2rem; border-top: 1px solid var(--rule); }
.found { margin: 1.25rem 0; padding: 0.9rem 1.2rem; border-radius: 0.5rem; background: var(--panel);
  font-size: 1.125rem; line-height: 1.5; }
.found p { margin: 0; }
.found p + p { margin-top: 0.5rem; }
figure { margin: 2rem 0; }
figcaption { font-weight: 600; line-height: 1.4; }
figure svg { display: block; width: 100%; height: auto; }
.narrow { display: none; }
.legend { display: flex; flex-wrap: wrap; gap: 0.15rem 1.1rem; margin: 0.35rem 0 0.5rem; padding: 0; list-style: none;
  font-size: 0.875rem; line-height: 1.5; }
.legend li { display: flex; align-items: center; gap: 0.45rem; }
figure .legend svg, .legend svg { width: auto; height: 14px; flex: none; }
.scroll { overflow-x: auto; margin: 0.5rem 0; border: 1px solid var(--rule); border-radius: 0.5rem; }
.scroll:focus-visible { outline: 2px solid var(--link); }
table { width: 100%; border-collapse: collapse; font-size: 0.875rem; line-height: 1.4; font-variant-numeric: tabular-nums; }
caption { padding: 0.6rem 0.8rem; text-align: left; color: var(--muted); }
caption span { position: sticky; left: 0.8rem; display: inline-block; max-width: calc(100vw - 4rem); }
th, td { padding: 0.35rem 0.8rem; border-top: 1px solid var(--rule); text-align: right; white-space: nowrap; vertical-align: baseline; }
thead th { color: var(--muted); font-weight: 600; }
th[scope=row], .words { text-align: left; }
tbody th { font-weight: 600; }
td small { color: var(--muted); font-size: 0.92em; }
details summary { cursor: pointer; color: var(--link); margin: 1rem 0 0.5rem; }
.small { font-size: 0.9375rem; }
footer { margin-top: 4rem; padding-top: 1rem; border-top: 1px solid var(--rule); color: var(--muted); font-size: 0.875rem; }
@media (max-width: 640px) {
  body { padding: 1.5rem 1rem 3rem; font-size: 1rem; }
  h1 { font-size: 1.6rem; }
  h2 { font-size: 1.25rem; }
  .found { font-size: 1.0625rem; }
  .wide { display: none; }
  figure .narrow { display: block; }
  .facts { column-gap: 0.9rem; }
}
@media print {
  body { max-width: none; font-size: 11pt; }
  figure, tr, .found { break-inside: avoid; }
  .scroll { overflow: visible; }
}
`;
