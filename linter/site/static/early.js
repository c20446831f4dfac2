// Before the first paint: pages may hide what a script is going to show on demand.
document.documentElement.classList.add("js");
