// Nearness: which elements are in the viewport or near it, on a visible page.

// About half a phone's screen: a spin has begun to load when it is scrolled to.
const MARGIN = "400px";

const watched = new Map<Element, { near: boolean; onChange: (isNear: boolean) => void }>();
let observer: IntersectionObserver | undefined;

/** Calls back whenever an element comes near the viewport or leaves it. On a hidden page nothing is near. */
export function watchNearness(element: Element, onChange: (isNear: boolean) => void): void {
  if (!observer) {
    observer = new IntersectionObserver(onIntersect, { rootMargin: MARGIN });
    document.addEventListener("visibilitychange", () => {
      for (const { near, onChange } of watched.values()) if (near) onChange(!document.hidden);
    });
  }
  watched.set(element, { near: false, onChange });
  observer.observe(element);
  // The observer waits for the next refresh of the screen, which a slow phone is late with; what stands under a point of
  // the viewport is known at once. One after the other, for all that a script has made, this lays the page out once.
  queueMicrotask(() => {
    const { left, top, width, height } = element.getBoundingClientRect();
    const there = document.elementFromPoint(left + width / 2, top + height / 2);
    if (element.contains(there)) set(element, true);
  });
}

export function unwatchNearness(element: Element): void {
  observer?.unobserve(element);
  watched.delete(element);
}

function onIntersect(entries: IntersectionObserverEntry[]): void {
  for (const { target, isIntersecting } of entries) set(target, isIntersecting);
}

function set(element: Element, isNear: boolean): void {
  const one = watched.get(element);
  if (!one || one.near === isNear) return;
  one.near = isNear;
  one.onChange(isNear && !document.hidden);
}
