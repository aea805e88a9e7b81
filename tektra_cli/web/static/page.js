// Keys go to the terminal as soon as it is there, and again whenever the tab is looked at.
let isHere = false;
const focus = () => isHere && document.querySelector(".xterm-helper-textarea")?.focus();
const here = () => {
  if (isHere || !document.body.classList.contains("-loaded")) return;
  isHere = true;
  focus();
};
addEventListener("load", () => new MutationObserver(here).observe(document.body, {attributeFilter: ["class"]}));
addEventListener("focus", focus);
