import { svelte } from '@sveltejs/vite-plugin-svelte';
import { createHash } from 'node:crypto';
import { type Plugin, defineConfig } from 'vite';

/** One file, its script and style inside; the policy lets exactly these run and forbids every request. */
function oneFile(): Plugin {
  return {
    name: 'one-file',
    enforce: 'post',
    generateBundle(_, bundle) {
      const page = bundle['index.html'];
      if (page?.type !== 'asset') throw new Error('no page');
      let [script, style] = ['', ''];
      for (const [name, item] of Object.entries(bundle)) {
        if (name === 'index.html') continue;
        if (item.type === 'chunk') script += item.code.replaceAll('</script', '<\\/script');
        else style += String(item.source);
        delete bundle[name];
      }
      const hash = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
      script = `\n${script.trim()}\n`;
      const policy = [
        "default-src 'none'", `script-src ${hash(script)}`, `style-src ${hash(style)}`, "connect-src 'none'", "img-src blob: data:",
        "media-src blob:", "base-uri 'none'", "form-action 'none'",
      ].join('; ');
      const html = String(page.source)
        .replaceAll(/\s*<script[^>]*src=[^>]*><\/script>|\s*<link rel="stylesheet"[^>]*>/g, '')
        .replace('<meta charset="utf-8" />', () => `<meta charset="utf-8" />\n    <meta http-equiv="Content-Security-Policy" content="${policy}" />`)
        .replace('</head>', () => `<style>${style}</style>\n  </head>`)
        .replace('</body>', () => `<script type="module">${script}</script>\n  </body>`);
      page.source = html;
    },
  };
}

export default defineConfig({
  root: 'evidence',
  base: './',
  publicDir: false,
  plugins: [svelte({ configFile: '../svelte.config.js' }), oneFile()],
  build: {
    outDir: '../../src/beffroi/evidence/static',
    emptyOutDir: true,
    target: 'es2022',
    cssCodeSplit: false,
    modulePreload: false,
    assetsInlineLimit: 0,
  },
});
