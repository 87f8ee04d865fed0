// The server's rules for names, checked while they are typed.

const WORD = /^[a-z0-9]+(-[a-z0-9]+)*$/;
const MAX_SLUG = 64;
const MAX_OPTION = 32;
/** Base models that would collide with words of the storefront's URLs. */
const URL_WORDS = ["auto", "configure", "manifest", "sequence", "status", "still"];

/** What is wrong with a product's id; undefined where it is valid. */
export function wrongProduct(text: string): string | undefined {
  const parts = text.split(".");
  const [type, model] = parts;
  if (parts.length !== 2 || !type || !model) {
    return "Write a type of jewelry, a dot and a model, as in ring.solitaire.";
  }
  if (URL_WORDS.includes(model)) return `“${model}” is a word of Girasol’s own addresses. Choose another model name.`;
  return wrongSlug(type) ?? wrongSlug(model);
}

export function wrongOption(text: string): string | undefined {
  if (!text) return "Name the option, as in metal.";
  if (!/^[a-z][a-z0-9]*$/.test(text)) return "An option is written with a-z and 0-9, a letter first, as in metal.";
  if (text.length > MAX_OPTION) return `An option has at most ${MAX_OPTION} letters.`;
  return undefined;
}

/** What is wrong with a choice; undefined where it is valid. */
export function wrongChoice(text: string): string | undefined {
  return text ? wrongSlug(text) : "Name the choice, as in rose-gold.";
}

/** The slug that was probably meant: `rose-gold` for "Rose Gold". */
export function slugged(text: string): string {
  const plain = text.normalize("NFD").replace(/[\u0300-\u036f]/g, "");
  return plain
    .toLowerCase()
    .trim()
    .replace(/[\s_-]+/g, "-");
}

function wrongSlug(text: string): string | undefined {
  if (text.length > MAX_SLUG) return `A name has at most ${MAX_SLUG} letters.`;
  if (!WORD.test(text)) return "Names are written with a-z, 0-9 and single dashes in between, as in rose-gold.";
  return undefined;
}
