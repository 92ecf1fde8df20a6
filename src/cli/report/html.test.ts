import {describe, expect, it} from '@jest/globals';
import {html} from './html.ts';

describe('cli/report/html', () => {
  it('escapes what is put into it, in text and in attributes', () => {
    const hostile = `<script>alert("1")</script> & 'x'`;

    const {text} = html`<p title="${hostile}">${hostile}</p>`;

    const escaped = '&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; &amp; &#39;x&#39;';
    expect(text).toBe(`<p title="${escaped}">${escaped}</p>`);
  });

  it('keeps HTML as it is, also in lists', () => {
    const items = ['a', '<b>'].map((item) => html`<li>${item}</li>`);

    expect(html`<ul>${items}</ul>`.text).toBe('<ul><li>a</li><li>&lt;b&gt;</li></ul>');
  });

  it('prints nothing for what is not there, and 0 for 0', () => {
    expect(html`${undefined}${false}${0}`.text).toBe('0');
  });
});
