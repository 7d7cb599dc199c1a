{{- define "limpid.labels" -}}
app.kubernetes.io/name: limpid
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}
