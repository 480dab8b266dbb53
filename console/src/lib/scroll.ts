/** A region that scrolls takes the focus, so that arrows and Page keys reach all of it without a mouse. */
export function scrolls(element: HTMLElement): void {
  element.tabIndex = 0;
}
