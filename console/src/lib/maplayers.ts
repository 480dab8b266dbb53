/** How the desk's map looks, in the colours of the theme. What is found differs by size and ring, not by colour alone. */
import type { AddLayerObject } from 'maplibre-gl';

type Colour = (variable: string) => string;

export function layers(colour: Colour): AddLayerObject[] {
  const halo = { 'text-halo-color': colour('--surface'), 'text-halo-width': 1.6 };
  return [
    { id: 'ground', type: 'background', paint: { 'background-color': colour('--surface') } },
    { id: 'within', type: 'fill', source: 'circle', filter: ['==', ['geometry-type'], 'Polygon'], paint: { 'fill-color': colour('--accent'), 'fill-opacity': 0.12 } },
    { id: 'edge', type: 'line', source: 'circle', filter: ['==', ['geometry-type'], 'Polygon'], paint: { 'line-color': colour('--accent'), 'line-width': 1.5, 'line-dasharray': [3, 2] } },
    {
      id: 'cameras', type: 'circle', source: 'cameras',
      paint: {
        'circle-radius': ['case', ['get', 'picked'], 7, ['get', 'found'], 6, 4],
        'circle-color': ['case', ['get', 'picked'], colour('--accent'), ['get', 'found'], colour('--surface'), colour('--muted')],
        'circle-stroke-color': ['case', ['any', ['get', 'picked'], ['get', 'found']], colour('--accent'), colour('--surface')],
        'circle-stroke-width': ['case', ['get', 'found'], 2.5, 1],
      },
    },
    {
      id: 'names', type: 'symbol', source: 'cameras',
      layout: {
        'text-field': ['get', 'name'], 'text-font': ['sans-serif'], 'text-size': ['case', ['get', 'found'], 13, 11.5],
        'text-variable-anchor': ['left', 'right', 'top', 'bottom'], 'text-radial-offset': 0.8, 'text-justify': 'auto',
        'symbol-sort-key': ['case', ['get', 'picked'], 0, ['get', 'found'], 1, 2],
      },
      paint: { 'text-color': ['case', ['get', 'found'], colour('--text'), colour('--muted')], ...halo },
    },
    {
      id: 'point', type: 'symbol', source: 'circle', filter: ['==', ['geometry-type'], 'Point'],
      layout: { 'text-field': '+', 'text-font': ['sans-serif'], 'text-size': 30, 'text-allow-overlap': true, 'text-ignore-placement': true },
      paint: { 'text-color': colour('--amber'), ...halo },
    },
    // Last: its words are placed first, and the cameras' names make room for them.
    {
      id: 'communes', type: 'symbol', source: 'communes',
      layout: { 'text-field': ['get', 'name'], 'text-font': ['sans-serif'], 'text-size': 19, 'text-letter-spacing': 0.06, 'text-variable-anchor': ['bottom', 'top', 'right'], 'text-radial-offset': 1.1 },
      paint: { 'text-color': colour('--line-strong'), ...halo },
    },
  ];
}
