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
}

export function unwatchNearness(element: Element): void {
  observer?.unobserve(element);
  watched.delete(element);
}

function onIntersect(entries: IntersectionObserverEntry[]): void {
  for (const { target, isIntersecting } of entries) {
    const one = watched.get(target);
    if (!one || one.near === isIntersecting) continue;
    one.near = isIntersecting;
    one.onChange(isIntersecting && !document.hidden);
  }
}
