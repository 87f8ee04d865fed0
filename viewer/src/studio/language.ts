// Browsers may name a language that is no valid tag ("C.UTF-8", "en-US@posix"), and Intl throws for it. What the studio
// bundles asks Intl while it loads, so this comes before everything else.

/** Puts English in place of a language that Intl refuses. */
export function mendLanguage(browser: Navigator): void {
  const isValid = (tag: string) => {
    try {
      return Intl.getCanonicalLocales(tag).length > 0;
    } catch {
      return false;
    }
  };
  if (isValid(browser.language)) return;
  const languages = (browser.languages ?? []).filter(isValid);
  const [language = "en"] = languages;
  Object.defineProperty(browser, "language", { value: language, configurable: true });
  Object.defineProperty(browser, "languages", { value: [...languages, "en"], configurable: true });
}

// Tests run where there is no browser.
if (typeof navigator === "object") mendLanguage(navigator);
