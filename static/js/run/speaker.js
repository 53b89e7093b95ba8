// Says aloud what a person must know: a new banner (failed, ended, verified, disagrees, doubt, alarm) and the troubles.
//   [data-banner="code"]   what the run says; a code that was there before is not said again
//   #live                  the page's live region

export class Speaker {
  constructor(document) {
    this.document = document;
    this.known = this.codes();
  }

  codes() {
    const banners = [...this.document.querySelectorAll("[data-banner]")];
    return new Map(banners.map((banner) => [banner.dataset.banner, titleOf(banner)]));
  }

  // After the banners were drawn anew.
  listen() {
    const codes = this.codes();
    for (const [code, title] of codes) if (!this.known.has(code)) this.say(title);
    this.known = codes;
  }

  trouble(name) {
    const banner = this.document.querySelector(`[data-trouble="${name}"]`);
    if (banner) this.say(titleOf(banner));
  }

  say(text) {
    this.document.getElementById("live").textContent = text;
  }
}

function titleOf(banner) {
  return banner.querySelector("h2").textContent;
}
