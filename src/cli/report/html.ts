/** HTML as a value: whatever is put into a template is escaped, unless it is HTML itself. */

export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** Nothing is printed for undefined and false. */
export type HtmlContent = Html | string | number | undefined | false | readonly HtmlContent[];

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Attributes are to be in quotes: a value cannot end them. */
export function html(strings: TemplateStringsArray, ...values: readonly HtmlContent[]): Html {
  return new Html(String.raw({raw: strings}, ...values.map(textOf)));
}

function textOf(value: HtmlContent): string {
  if (value instanceof Html) {
    return value.text;
  }
  if (value === undefined || value === false) {
    return '';
  }
  return typeof value === 'object' ? value.map(textOf).join('') : escapeHtml(String(value));
}

function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
}
