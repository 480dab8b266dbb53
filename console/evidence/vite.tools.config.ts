import { defineConfig } from 'vite';

// The verifier as a program for Node: `npm run build:verifier`.
export default defineConfig({
  build: {
    ssr: 'evidence/tools/node.ts',
    outDir: 'evidence/dist',
    target: 'node20',
    rollupOptions: { output: { entryFileNames: 'verifier.mjs' } },
  },
  ssr: { noExternal: true },
});
