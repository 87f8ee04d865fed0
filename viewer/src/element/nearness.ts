// Nearness: which elements are in the viewport or near it, on a page that is looked at.

// About a screen's half on a phone: enough that a spin has begun when it is scrolled to.
const MARGIN = "400px";

const watched = new Map<Element, { near: boolean; tell: (isNear: boolean) => void }>();
let observer: IntersectionObserver | undefined;

/** Tells whenever an element comes near or goes away; hidden pages are far from everybody. */
export function watchNearness(element: Element, tell: (isNear: boolean) => void): void {
  if (!observer) {
    observer = new IntersectionObserver(onIntersect, { rootMargin: MARGIN });
    document.addEventListener("visibilitychange", () => {
      for (const { near, tell } of watched.values()) if (near) tell(!document.hidden);
    });
  }
  watched.set(element, { near: false, tell });
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
    one.tell(isIntersecting && !document.hidden);
  }
}
