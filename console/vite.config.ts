import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  base: '/',
  plugins: [svelte()],
  build: {
    outDir: '../src/beffroi/server/static',
    emptyOutDir: true,
    target: 'es2022',
    // A data: URI would need a wider Content-Security-Policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: { port: 8041, proxy: { '/api': 'http://127.0.0.1:8040', '/ws': { target: 'ws://127.0.0.1:8040', ws: true } } },
  // Vitest's five seconds of wall time would tell the machine's load, not a fault.
  test: { include: ['test/**/*.test.ts'], environment: 'node', testTimeout: 60_000, hookTimeout: 60_000 },
});
