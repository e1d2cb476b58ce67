"use strict";
const box = document.getElementById("search");
const cards = [...document.querySelectorAll(".cards > li")];
const none = document.getElementById("none");
box.hidden = false;
box.addEventListener("input", () => {
  const wanted = box.value.trim().toLowerCase();
  let shown = 0;
  for (const card of cards) {
    card.hidden = !card.dataset.key.includes(wanted);
    shown += card.hidden ? 0 : 1;
  }
  none.hidden = shown > 0;
});
