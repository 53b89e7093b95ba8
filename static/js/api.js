// Swagger over our OpenAPI text. It calls the API by the session of who looks, so each call carries the CSRF token.

const place = document.getElementById("api");

window.SwaggerUIBundle({
  url: place.dataset.text,
  domNode: place,
  presets: [window.SwaggerUIBundle.presets.apis],
  layout: "BaseLayout",
  docExpansion: "list",
  defaultModelsExpandDepth: -1,
  validatorUrl: null,
  requestInterceptor: (request) => {
    // An address of another host, which nothing here offers, must not learn the token; reading needs none.
    const isOurs = new URL(request.url, document.baseURI).origin === window.location.origin;
    if (isOurs && !["GET", undefined].includes(request.method)) {
      request.headers["X-CSRFToken"] = place.dataset.csrf;
    }
    return request;
  },
});
