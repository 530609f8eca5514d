. "$(dirname "$0")/../kit.sh"
debs guile-3.0=3.0.8-2
versions=("${versions[0]}")
title='Guile'
does='HTTP/1.1 with Host and Connection: close alone; the scheme of its Authorization in lower case'

cat >"$T/ask.scm" <<'SCM'
(use-modules (web client) (web response) (rnrs bytevectors) (rnrs io ports) (ice-9 binary-ports))
(define url (cadr (command-line)))
(define (keep name path . options)
  (call-with-values (lambda () (apply http-request (string-append url path) #:decode-body? #f options))
    (lambda (response body)
      (call-with-output-file name (lambda (port) (put-bytevector port (or body (make-bytevector 0)))) #:binary #t))))
(keep "hello" "/hello")
(keep "big" "/bytes/3000000")
(keep "put" "/hash" #:method 'PUT #:body (call-with-input-file "upload" get-bytevector-all #:binary #t))
(keep "auth" "/auth" #:headers '((authorization . (basic . "dXNlcjpzZWNyZXQ="))))
(keep "stream" "/stream")
(keep "ranged" "/bytes/1000" #:headers '((range . (bytes (10 . 19)))))
SCM
work() {
    library of env GUILE_AUTO_COMPILE=0 GUILE_LOAD_PATH="$root/usr/share/guile/3.0" \
        GUILE_LOAD_COMPILED_PATH="$(echo "$root"/usr/lib/*/guile/3.0/ccache)" guile-3.0 "$T/ask.scm"
}
row
