/** MapLibre, asked for when a map is shown: it is larger than all the rest of the console. Its worker is a file of ours. */
import workerAddress from 'maplibre-gl/dist/maplibre-gl-worker.mjs?url';

export type MapLibre = typeof import('maplibre-gl');
let loading: Promise<MapLibre> | null = null;

export function maplibre(): Promise<MapLibre> {
  loading ??= import('maplibre-gl').then((library) => {
    library.setWorkerUrl(workerAddress);
    return library;
  });
  return loading;
}

/** Whether this machine can draw: a map without WebGL would be a black square. */
export function canDraw(): boolean {
  const context = document.createElement('canvas').getContext('webgl2');
  context?.getExtension('WEBGL_lose_context')?.loseContext();
  return context !== null;
}
