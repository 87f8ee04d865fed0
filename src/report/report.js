// A frame at full size; there, the arrow keys turn the piece. Everything else on the page works without.
const large = document.getElementById("large");
const [picture, caption] = [large.querySelector("img"), large.querySelector("p")];
let frames = [];
let at = 0;

function show(index) {
  at = (index + frames.length) % frames.length;
  const from = frames[at].querySelector("img");
  picture.src = from.src;
  picture.width = from.getAttribute("width");
  picture.height = from.getAttribute("height");
  picture.alt = from.alt;
  caption.textContent = frames[at].title;
}

function open(frame) {
  frames = [...frame.parentElement.children];
  show(frames.indexOf(frame));
  large.showModal();
}

for (const frame of document.querySelectorAll(".frame")) {
  frame.setAttribute("role", "button");
  frame.addEventListener("click", () => open(frame));
  frame.addEventListener("keydown", (event) => {
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      open(frame);
    }
  });
}
large.addEventListener("keydown", (event) => {
  const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (step) show(at + step);
});
large.addEventListener("click", (event) => {
  if (event.target === large) large.close();
});
large.addEventListener("close", () => frames[at].focus());
