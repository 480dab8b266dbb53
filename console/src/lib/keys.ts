/** Whether a key press belongs to what is being typed rather than to the room. */
export function typing(event: KeyboardEvent): boolean {
  const target = event.target;
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || target.matches('input:not([type=range]):not([type=checkbox]), textarea, select');
}
