/** The page: one file that needs nothing else, loads nothing and runs nothing. */
import {createHash} from 'node:crypto';
import {Html, html} from './html.ts';
import type {Report} from './report.ts';
import {about} from './sections/about.ts';
import {blastRadius} from './sections/blast-radius.ts';
import {findings} from './sections/findings.ts';
import {glance} from './sections/glance.ts';
import {headlineOf} from './sections/headline.ts';
import {placement} from './sections/placement.ts';
import {plan} from './sections/plan.ts';
import {services} from './sections/services.ts';
import {stories} from './sections/stories.ts';
import {STYLE} from './style.ts';

const SECTIONS = [
  {id: 'findings', title: 'Findings', render: findings},
  {id: 'services', title: 'Services at risk', render: services},
  {id: 'blast-radius', title: 'Blast radius', render: blastRadius},
  {id: 'stories', title: 'How it would go', render: stories},
  {id: 'plan', title: 'What the operator would do', render: plan},
  {id: 'placement', title: 'Where the replicas are', render: placement},
] as const;

/** No script is allowed at all, and of styles only the one that is in the page. */
const POLICY = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'; base-uri 'none'; form-action 'none'`;

export function pageOf(report: Report): string {
  const {text, title, lead} = headlineOf(report);
  const sections = SECTIONS.filter(({id}) => id !== 'findings' || report.findings !== undefined);
  const time = `${new Date(report.takenAt).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>${text} – spread report</title>
<style>${new Html(STYLE)}</style>
</head>
<body>
<a class="skip" href="#content">Skip to the content</a>
<div class="wrap">
<header>
<p class="kicker">Spread report: ${report.scope}${!report.scope.includes(time) && `, ${time}`}</p>
<h1>${title}</h1>
<p class="lead">${lead}</p>
<nav aria-label="Sections"><ul>${sections.map((section) => html`<li><a href="#${section.id}">${section.title}</a></li>`)}</ul></nav>
</header>
<main id="content" tabindex="-1">
${glance(report)}
${sections.map(({render}) => render(report))}
</main>
${about(report)}
</div>
</body>
</html>
`.text;
}
